import { z, type ConfigIssue, type ConnectionOptions } from '../../../index.ts';
import { configForm, configIn, filledIn, invalidConfig, readObject } from '../config-file.ts';
import { usage } from '../exit-codes.ts';
import { printable } from '../printable.ts';
import type { Terminal } from '../terminal.ts';

/** What a file says of one connection, with the environment's values in place. */
export interface ConnectionEntry {
  readonly id: string;
  /** A slug. */
  readonly destination: string;
  readonly config: unknown;
  readonly options: ConnectionOptions | undefined;
  /** References that could not be filled in. */
  readonly unfilled: readonly ConfigIssue[];
  /** Where in the file it stands: `connections.0`; '' when it is all of the file. */
  readonly at: string;
}

/** Whether a text has no control characters, line feeds among them. */
export const isPlain = (text: string): boolean => printable(text) === text && !text.includes('\n');

/** Ids are keys of the store, and stand in messages. */
export const id = z
  .string()
  .refine(
    (text) => text !== '' && text.length <= 200 && isPlain(text),
    'must have 1 to 200 characters and no control characters',
  )
  // A path of HTTP would lose it.
  .refine((text) => text !== '.' && text !== '..', 'must not be "." or ".."');
const settings = { config: z.unknown().optional(), options: z.looseObject({}).optional() };
const several = z.strictObject({
  connections: z.array(z.strictObject({ id, destination: z.string().min(1), ...settings })).min(1),
  // Those of the HTTP service, which reads the same file.
  sources: z.unknown().optional(),
});
const single = z.strictObject({ destination: z.string().min(1).optional(), ...settings });

export const connectionsForm = '{"connections": [{"id", "destination", "config", "options"}]}';

/** The issue of an entry whose options name another id than the connection has. */
export const otherId = ({ id: own, options, at }: ConnectionEntry): readonly ConfigIssue[] =>
  options?.id === undefined || options.id === own
    ? []
    : [
        {
          path: at === '' ? 'options.id' : `${at}.options.id`,
          message: 'differs from the id of the connection; leave it out',
        },
      ];

type ConnectionEntries = readonly [ConnectionEntry, ...ConnectionEntry[]];

/** Every connection of a work file. A usage error when it cannot be opened, exit 78 when it is anything else. */
export const readConnections = async (file: string, env: Terminal['env']): Promise<ConnectionEntries> =>
  connectionsIn(await readObject(file, connectionsForm), file, env);

/** The same of what was read of the file. */
export function connectionsIn(content: object, file: string, env: Terminal['env']): ConnectionEntries {
  const { connections } = checked(several, content, file);
  const repeated = connections.flatMap((connection, index) =>
    connections.findIndex((other) => other.id === connection.id) < index
      ? [{ path: `connections.${index}.id`, message: 'another connection has this id' }]
      : [],
  );
  if (repeated.length > 0) throw invalidConfig(file, repeated);
  const [first, ...others] = connections.map((connection, index) => entry(connection, `connections.${index}`, env));
  if (first === undefined)
    throw invalidConfig(file, [{ path: 'connections', message: 'must name at least one connection' }]);
  return [first, ...others];
}

/**
 * One connection by its id: out of a work file, or a file that holds the settings of this one alone, with its
 * destination in the file or on the command line.
 */
export async function readConnection(
  wanted: string,
  { file, destination }: { readonly file: string; readonly destination?: string | undefined },
  env: Terminal['env'],
): Promise<ConnectionEntry> {
  const written = await readObject(file, `${connectionsForm}, or {"destination", "config", "options"}`);
  const found =
    'connections' in written
      ? connectionsIn(written, file, env).find((connection) => connection.id === wanted)
      : alone(wanted, checked(single, written, file), file, destination, env);
  if (found === undefined) throw usage(`${file} has no connection ${JSON.stringify(wanted)}`);
  if (destination !== undefined && destination !== found.destination)
    throw usage(
      `--destination ${destination}: in ${file}, the destination of ${JSON.stringify(wanted)} is ${found.destination}`,
    );
  return found;
}

/**
 * One connection for a command that has no queue: that of a config file, whose destination is `named`; or out of a work
 * file the one with that id, else the only one of that destination.
 */
export async function readSettings(named: string, file: string, env: Terminal['env']): Promise<SettingsEntry> {
  const content = await readObject(file, `${configForm}, or ${connectionsForm}`);
  if (!('connections' in content)) return { destination: named, at: '', ...configIn(content, file, env) };
  const connections = connectionsIn(content, file, env);
  const byId = connections.filter(({ id: one }) => one === named);
  const [entry, ...others] = byId.length > 0 ? byId : connections.filter(({ destination }) => destination === named);
  if (entry !== undefined && others.length === 0) {
    const issues = otherId(entry);
    if (issues.length > 0) throw invalidConfig(file, issues);
    return { ...entry, options: { ...entry.options, id: entry.id } };
  }
  const ids = connections.map(({ id: one, destination }) => `${one} (${destination})`).join(', ');
  const what = entry === undefined ? 'no connection' : 'several connections';
  throw usage(`${file} has ${what} ${JSON.stringify(named)}; name one by its id: ${ids}`);
}

/** Of a config file, the options have the id, if anything. */
export type SettingsEntry = Omit<ConnectionEntry, 'id'>;

function alone(
  wanted: string,
  written: z.infer<typeof single>,
  file: string,
  named: string | undefined,
  env: Terminal['env'],
): ConnectionEntry {
  const destination = written.destination ?? named;
  if (destination === undefined) throw usage(`${file} names no destination; pass --destination`);
  if (!id.safeParse(wanted).success) throw usage(`the connection id ${id.safeParse(wanted).error?.issues[0]?.message}`);
  return entry({ id: wanted, destination, config: written.config, options: written.options }, '', env);
}

function entry(
  { id: name, destination, ...written }: z.infer<typeof several>['connections'][number],
  at: string,
  env: Terminal['env'],
): ConnectionEntry {
  const { value, unfilled } = filledIn({ config: written.config, options: written.options }, env);
  const { config, options } = value as { readonly config: unknown; readonly options: ConnectionOptions | undefined };
  return { id: name, destination, config, options, unfilled, at };
}

function checked<T>(shape: z.ZodType<T>, written: unknown, file: string): T {
  const read = shape.safeParse(written);
  if (read.success) return read.data;
  throw invalidConfig(file, issuesOf(read.error));
}

export const issuesOf = ({ issues }: z.ZodError): readonly ConfigIssue[] =>
  issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message }));
