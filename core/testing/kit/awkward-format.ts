import { existsSync } from 'node:fs';
import path from 'node:path';
import { reasonCodes, z } from '../../api/index.ts';
import { read } from './case.ts';

/** Where a folder differs from a row of awkwardEvents, in its `contract/awkward.json`, by the row's name or its id. */
export const awkwardFormat = z.record(
  z.string(),
  z.strictObject({
    /** What becomes of the event here; `sent`: otherwise than as its plain spelling. */
    kind: z.enum(['sent', 'skipped', 'rejected']),
    code: z.enum(reasonCodes).optional(),
    /** Why, for a reader: the vendor's sentence, or what the folder is for. */
    because: z.string().min(10),
  }),
);

/** Exceptions by the names or ids of rows. */
export type AwkwardExceptions = Readonly<z.output<typeof awkwardFormat>>;

const file = 'contract/awkward.json';

/** A folder's exceptions; none without the file. Throws an error that names the file and the problem. */
export const awkwardExceptions = (directory: string): AwkwardExceptions =>
  existsSync(path.join(directory, file)) ? read(directory, file, awkwardFormat) : {};
