import { fieldTable, usableId, type Cast, type FieldTable } from 'spillway/api';
import type { Config } from './config.ts';
import { longestText, type AmplitudeEvent } from './mapping.ts';

/** Computed once per connection, when it opens: the table of ids. */
export type Prepared = FieldTable<AmplitudeEvent>;

/** Amplitude takes none of these for an id. */
const noIds = new Set('anonymous nil none null n/a na undefined unknown "" {} lmy47d 0 -1'.split(' '));

export function prepare({ minIdLength }: Config): Prepared {
  const as: Cast<string> = (value) => {
    const id = usableId(value);
    if (id === undefined || id.length < minIdLength || id.length > longestText) return undefined;
    return noIds.has(id.toLowerCase()) ? undefined : id;
  };
  const unusable = `Amplitude takes ids of ${minIdLength} to ${longestText} characters, and no word for nobody`;
  return fieldTable<AmplitudeEvent>([
    { to: 'user_id', from: 'userId', as, unusable },
    { to: 'device_id', from: ['context.device.id', 'anonymousId'], as, unusable },
  ]);
}
