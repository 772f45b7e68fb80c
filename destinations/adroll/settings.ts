import { eventTable, type EventTable } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { defaultNames, type EventName } from './mapping.ts';

/** What a name means: an AdRoll event, or nothing. */
export type Target = EventName | 'skip';

/** Computed once per connection, when it opens. */
export interface Prepared {
  readonly targetOf: EventTable<Target>;
  /** In lower case. */
  readonly homePages: ReadonlySet<string>;
}

export const prepare = ({ eventNames, pageNames, homePageNames }: Config): Prepared => ({
  targetOf: eventTable<Target>({ track: [defaultNames, eventNames], page: [pageNames] }),
  homePages: new Set(homePageNames.map((name) => name.toLowerCase())),
});
