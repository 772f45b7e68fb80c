import { stat } from 'node:fs/promises';
import { z, type ConfigIssue } from '../../../index.ts';
import { filledIn, InvalidConfig, invalidConfig, readObject } from '../config-file.ts';
import { CliError, usage } from '../exit-codes.ts';
import {
  connectionsForm,
  connectionsIn,
  id,
  isPlain,
  issuesOf,
  otherId,
  type ConnectionEntry,
} from '../queue/connections-file.ts';
import type { Terminal } from '../terminal.ts';

/** Where events of the tracking API come from. */
export interface SourceEntry {
  readonly id: string;
  readonly writeKey: string;
  /** Ids of connections of the same file: those that get its events. */
  readonly connections: readonly string[];
  /** Events per second. */
  readonly rate: number;
}

export type SettingsFile =
  | {
      readonly kind: 'valid';
      /** Every reference is filled in. Whether they suit their destinations shows when they are opened. */
      readonly entries: readonly [ConnectionEntry, ...ConnectionEntry[]];
      readonly sources: readonly SourceEntry[];
    }
  | {
      readonly kind: 'invalid';
      /** With paths in the file; '' for the file as a whole. None of them holds a value. */
      readonly issues: readonly ConfigIssue[];
      /** The same, for a command that cannot begin. */
      readonly error: CliError;
    };

const defaultRate = 1_000;
const sourceShape = z.strictObject({
  id,
  writeKey: z.string(),
  // A source of no connection would have its events accepted and lost.
  connections: z.array(z.string()).min(1),
  rate: z.int().min(1).default(defaultRate),
});
const withSources = z.object({ sources: z.array(sourceShape).default([]) });
type WrittenSource = z.infer<typeof sourceShape>;

/**
 * What `spillway serve` is told by its config: a work file, with sources. Never rejects because of the file, so that a
 * service that runs can read it again: then `isAgain`.
 */
export async function readSettingsFile(file: string, env: Terminal['env'], isAgain = false): Promise<SettingsFile> {
  try {
    // A pipe that nobody writes to would keep a reload waiting, and with it the end of the service.
    if (isAgain && !(await isRegular(file))) throw usage(`cannot read the config file ${file} again: it is no file`);
    const content = await readObject(file, connectionsForm);
    const issues: ConfigIssue[] = [];
    const entries = collected(() => connectionsIn(content, file, env), issues);
    for (const entry of entries ?? [])
      issues.push(...entry.unfilled.map(({ path, message }) => ({ path: `${entry.at}.${path}`, message })));
    issues.push(...(entries ?? []).flatMap(otherId));
    const sources = sourcesIn(content, entries, env, issues);
    if (entries === undefined || issues.length > 0) throw invalidConfig(file, issues);
    return { kind: 'valid', entries, sources };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const { message } = error;
    return { kind: 'invalid', issues: error instanceof InvalidConfig ? error.issues : [{ path: '', message }], error };
  }
}

/** What is not there is for whoever reads it to say. */
const isRegular = (file: string): Promise<boolean> =>
  stat(file).then(
    (stats) => stats.isFile(),
    () => true,
  );

/** What is wrong with the connections hides nothing of what is wrong with the sources. */
function collected<T>(read: () => T, issues: ConfigIssue[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    issues.push(...error.issues);
    return undefined;
  }
}

function sourcesIn(
  content: object,
  entries: readonly ConnectionEntry[] | undefined,
  env: Terminal['env'],
  issues: ConfigIssue[],
): readonly SourceEntry[] {
  const read = withSources.safeParse(content);
  if (!read.success) {
    issues.push(...issuesOf(read.error));
    return [];
  }
  const known = entries === undefined ? undefined : new Set(entries.map((entry) => entry.id));
  const [ids, writeKeys] = [new Set<string>(), new Set<string>()];
  return read.data.sources.map((source, index) => {
    const filled = filledIn({ writeKey: source.writeKey }, env);
    const { writeKey } = filled.value as { readonly writeKey: string };
    const faults = [
      ...(isNew(source.id, ids) ? [] : [{ path: 'id', message: 'another source has this id' }]),
      ...(filled.unfilled.length > 0 ? filled.unfilled : writeKeyIssues(writeKey, writeKeys)),
      ...connectionIssues(source, known),
    ];
    issues.push(...faults.map(({ path, message }) => ({ path: `sources.${index}.${path}`, message })));
    return { ...source, writeKey };
  });
}

/** A client says it as the user name of HTTP Basic, which ends at a colon. */
function writeKeyIssues(writeKey: string, others: Set<string>): readonly ConfigIssue[] {
  const path = 'writeKey';
  if (writeKey === '' || !isPlain(writeKey) || writeKey.includes(':'))
    return [{ path, message: 'must have at least 1 character, and neither control characters nor ":"' }];
  return isNew(writeKey, others) ? [] : [{ path, message: 'another source has this write key' }];
}

function connectionIssues({ connections }: WrittenSource, known: ReadonlySet<string> | undefined): ConfigIssue[] {
  const named = new Set<string>();
  return connections.flatMap((name, index) => {
    const path = `connections.${index}`;
    if (!isNew(name, named)) return [{ path, message: 'is named twice' }];
    return known?.has(name) === false ? [{ path, message: 'no connection of this file has this id' }] : [];
  });
}

/** Whether a text is not among those before it; it is from now on. */
function isNew(text: string, before: Set<string>): boolean {
  const size = before.size;
  return before.add(text).size > size;
}
