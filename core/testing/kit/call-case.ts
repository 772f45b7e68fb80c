import path from 'node:path';
import { z } from '../../api/index.ts';
import { caseFormat, type ContractReply } from './case-format.ts';
import { caseJson, checked, jsonNames, loadReply, titleIn } from './case.ts';

/** The results of call() and check(). */
const resultKinds = [
  'done',
  'invalid',
  'unconfirmed',
  'rejected',
  'refused',
  'deferred',
  'unknown',
  'ok',
  'unreachable',
  'unsupported',
] as const;

/**
 * One statement about an operation or the credential check: with these settings, this input and these replies, exactly
 * this results.
 */
export const callFormat = z.strictObject({
  title: caseFormat.shape.title,
  config: caseFormat.shape.config,
  options: caseFormat.shape.options,
  now: caseFormat.shape.now,
  /** The operation's name; without it the case is about connection.check(). */
  operation: z.string().optional(),
  input: z.record(z.string(), z.unknown()).optional(),
  confirmed: z.boolean().optional(),
  replies: caseFormat.shape.replies,
  requests: caseFormat.shape.requests,
  /** Compared as a subset, so write only what matters. */
  result: z.looseObject({
    kind: z.enum(resultKinds),
  }),
});

export type CallCase = z.output<typeof callFormat>;

export interface LoadedCall extends Omit<CallCase, 'replies'> {
  /** File name without .json. */
  readonly name: string;
  readonly replies: readonly ContractReply[];
  readonly replyNames: readonly string[];
}

const folderOf = (directory: string): string => path.join(directory, 'contract', 'calls');

/** The names of a folder's call cases, alphabetically. Reads no file. */
export const callNames = (directory: string): readonly string[] => jsonNames(folderOf(directory));

/** The title in a call case, or the file's name while it cannot be read. */
export const callTitle = (directory: string, name: string): string => titleIn(folderOf(directory), name);

/** Reads one call case. Throws an error that names the file, the path inside it and what is wrong there. */
export function loadCall(directory: string, name: string): LoadedCall {
  const file = path.join('contract', 'calls', `${name}.json`);
  const parsed = checked(file, caseJson(directory, file), callFormat);
  if (parsed.requests !== undefined && parsed.requests.length !== parsed.replies.length) {
    throw new Error(`${file}: ${parsed.requests.length} requests, but ${parsed.replies.length} replies`);
  }
  return {
    ...parsed,
    name,
    replies: parsed.replies.map((reply) => loadReply(directory, reply)),
    replyNames: parsed.replies,
  };
}
