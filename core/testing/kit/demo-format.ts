import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from '../../api/index.ts';
import { eventKinds, mixes, type Mix } from '../simulators/generator/generator.ts';
import { read, replyNames } from './case.ts';

const mixNames = Object.keys(mixes) as (keyof typeof mixes)[];

/** Names those that are no kinds, and all that are. */
function unknownKinds(mix: unknown): string | undefined {
  const known: ReadonlySet<string> = new Set(eventKinds);
  const others = typeof mix === 'object' && mix !== null ? Object.keys(mix).filter((name) => !known.has(name)) : [];
  return others.length === 0
    ? undefined
    : `${others.join(', ')}: no kind of event; the kinds are ${eventKinds.join(', ')}`;
}

/** What a folder says of its part in `npm run demo`, in its `demo.json`. */
export const demoFormat = z.strictObject({
  /** Complete settings of an invented customer. */
  settings: z.record(z.string(), z.unknown()),
  /** The events it is sent: a mix of the generator by name, or how often each kind comes, relative to the others. */
  events: z
    .union([
      z.enum(mixNames),
      z.partialRecord(z.enum(eventKinds), z.number().positive(), {
        error: ({ input }) => unknownKinds(input),
      }),
    ])
    .default('everything'),
  /** File name in contract/replies without .json: the answer to every request, where the vendor has no simulator. */
  reply: z.string().optional(),
  /** The most events in a request for which that answer is a success. Default: as many as the vendor takes. */
  eventsPerRequest: z.int().min(1).optional(),
});

/** A folder's part in the demo, its event mix by value. */
export interface Demo extends Omit<z.output<typeof demoFormat>, 'events'> {
  readonly events: Mix;
}

const file = 'demo.json';

/** Whether the folder says how it takes part in the demo. */
export const hasDemo = (directory: string): boolean => existsSync(path.join(directory, file));

/** Reads a folder's `demo.json`. Throws an error that names the file, the path inside it and the problem. */
export function loadDemo(directory: string): Demo {
  const { events, ...rest } = read(directory, file, demoFormat);
  if (rest.reply !== undefined && !replyNames(directory).includes(rest.reply))
    throw new Error(`${file}: reply: there is no contract/replies/${rest.reply}.json`);
  return { ...rest, events: typeof events === 'string' ? mixes[events] : (events as Mix) };
}
