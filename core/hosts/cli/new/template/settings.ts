import { eventTable, type EventTable } from '../../../../api/index.ts';
import type { Config } from './config.ts';
import { defaultNames, type Action } from './mapping.ts';

/** What depends on the settings alone. Computed once per connection, when it opens. */
export interface Prepared {
  readonly targetOf: EventTable<Action | 'skip'>;
}

/** The customer's names count before the defaults. */
export const prepare = ({ eventNames }: Config): Prepared => ({
  targetOf: eventTable<Action | 'skip'>({ track: [defaultNames, eventNames] }),
});
