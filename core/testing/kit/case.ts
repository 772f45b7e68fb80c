import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { CdpEvent, z } from '../../api/index.ts';
import { withComputedValues } from './computed-values.ts';
import { readCase } from './extended-case.ts';
import { expandEvent } from './case-events.ts';
import { caseFormat, replyFormat, todoFormat, type ContractCase, type ContractReply } from './case-format.ts';

/** A case with its files resolved: events in full, replies by value. */
export interface LoadedCase extends Omit<ContractCase, 'events' | 'replies'> {
  /** File name without .json. */
  readonly name: string;
  readonly events: readonly CdpEvent[];
  readonly replies: readonly ContractReply[];
  readonly replyNames: readonly string[];
}

/** The names of a folder's case files, alphabetically. Reads no file, so that titles can be built from it. */
export const caseNames = (directory: string): readonly string[] => jsonNames(path.join(directory, 'contract', 'cases'));

/** The names of a folder's reply files, alphabetically. */
export const replyNames = (directory: string): readonly string[] =>
  jsonNames(path.join(directory, 'contract', 'replies'));

/**
 * Reads one case. Throws an error that names the file, the path inside it and the problem; also for a case that is
 * still to be written, which cannot be run.
 */
export function loadCase(directory: string, name: string): LoadedCase {
  const file = caseFile(name);
  const json = caseJson(directory, file);
  if (isTodo(json)) throw new Error(`${file}: is to do: ${checked(file, json, todoFormat).todo}`);
  const contractCase = checked(file, json, caseFormat);
  if (contractCase.outcomes.length !== contractCase.events.length) {
    throw new Error(`${file}: ${contractCase.events.length} events, but ${contractCase.outcomes.length} outcomes`);
  }
  if (contractCase.requests !== undefined && contractCase.requests.length !== contractCase.replies.length) {
    throw new Error(
      `${file}: ${contractCase.requests.length} requests, but ${contractCase.replies.length} replies; a case that is not about its requests leaves "requests" out`,
    );
  }
  return {
    ...contractCase,
    name,
    events: contractCase.events.map((event, index) => {
      try {
        return expandEvent(event);
      } catch (error) {
        throw new Error(`${file}: events.${index}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }),
    replies: contractCase.replies.map((reply, index) => {
      if (!existsSync(path.join(directory, replyFile(reply)))) {
        throw new Error(`${file}: replies.${index}: there is no ${replyFile(reply)}`);
      }
      return loadReply(directory, reply);
    }),
    replyNames: contractCase.replies,
  };
}

/** What is missing from a case that is still to be written; `undefined` for any other. Throws like loadCase(). */
export function caseTodo(directory: string, name: string): string | undefined {
  const json = readCase(directory, caseFile(name));
  return isTodo(json) ? checked(caseFile(name), json, todoFormat).todo : undefined;
}

const isTodo = (json: unknown): boolean => typeof json === 'object' && json !== null && Object.hasOwn(json, 'todo');

/** Reads one reply. Throws like loadCase(). */
export const loadReply = (directory: string, name: string): ContractReply =>
  read(directory, replyFile(name), replyFormat);

/** A case as it is compared: with what it extends, and with the values in its requests that it has computed. */
export function caseJson(directory: string, file: string): unknown {
  const json = readCase(directory, file);
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, 'requests')) return json;
  try {
    return { ...json, requests: withComputedValues((json as { readonly requests: unknown }).requests) };
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Reads and checks one JSON file. Throws an error that names it, the path inside it and what is wrong there. */
export const read = <S extends z.ZodType>(directory: string, file: string, format: S): z.output<S> =>
  checked(file, parsed(directory, file), format);

/** The title in a case file, or the file's name while it cannot be read. */
export const caseTitle = (directory: string, name: string): string =>
  titleIn(path.join(directory, 'contract', 'cases'), name);

/** The title in the JSON file of that name, or the name while it cannot be read. */
export function titleIn(folder: string, name: string): string {
  try {
    const json: unknown = JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8'));
    const title = (json as { title?: unknown } | null)?.title;
    return typeof title === 'string' ? title : name;
  } catch {
    return name;
  }
}

const caseFile = (name: string): string => path.join('contract', 'cases', `${name}.json`);
const replyFile = (name: string): string => path.join('contract', 'replies', `${name}.json`);

/** The names of a folder's JSON files, alphabetically; none where there is no folder. */
export function jsonNames(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

function parsed(directory: string, file: string): unknown {
  try {
    return JSON.parse(readFileSync(path.join(directory, file), 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function checked<S extends z.ZodType>(file: string, json: unknown, format: S): z.output<S> {
  const result = format.safeParse(json);
  if (result.success) return result.data;
  throw new Error(
    result.error.issues
      .flatMap((issue) => described(issue))
      .map((line) => `${file}: ${line}`)
      .join('\n'),
  );
}

/** A union's own message says nothing; what its branches miss does. */
function described(issue: z.core.$ZodIssue): readonly string[] {
  const at = issue.path.map(String).join('.');
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return issue.errors.map((branch) =>
      branch.map((inner) => `${[...issue.path, ...inner.path].map(String).join('.')}: ${inner.message}`).join('; '),
    );
  }
  return [at === '' ? issue.message : `${at}: ${issue.message}`];
}
