import { bare, json, type Answer } from '../answer.ts';
import type { RoktProblem } from './batch.ts';

/** A problem of one batch of a request. `item` is its index in a bulk request. */
export type ItemProblem = RoktProblem & { readonly item?: number };

export const errorAnswer = (status: 202 | 400, problems: readonly ItemProblem[], sent: string): Answer => {
  const starts = problems.some(({ unreadable }) => unreadable) ? itemStarts(sent) : [];
  return json(status, {
    errors: problems.map((problem) => ({ code: 'BAD_REQUEST', message: escapeHtml(message(problem, starts, sent)) })),
  });
};

/**
 * The vendor reads with Newtonsoft's JSON reader and passes its words on (ROKT-62): a path with the index in a bulk
 * request, or a path inside the batch and a position in the text that was sent.
 */
function message({ path, wrong, item, unreadable }: ItemProblem, starts: readonly number[], sent: string): string {
  if (path === undefined) return wrong;
  const end = item === undefined || !unreadable ? undefined : positionOf(path, starts[item] ?? 0, sent);
  if (end !== undefined) return `${wrong}: {. Path '${path}', ${lineAndPosition(end, sent)}.`;
  const full = item === undefined ? path : `[${item}].${path}`;
  return `Error converting value: '${path}' ${wrong}. Path '${full}', line 1, position 1.`;
}

/** Where the value of the path's last key begins, looking from the start of its batch. */
function positionOf(path: string, start: number, sent: string): number {
  const key = `${JSON.stringify(path.slice(path.lastIndexOf('.') + 1))}:`;
  const position = sent.indexOf(key, start);
  return position === -1 ? start + 1 : position + key.length + 1;
}

function lineAndPosition(end: number, sent: string): string {
  const before = sent.slice(0, end);
  return `line ${before.split('\n').length}, position ${end - (before.lastIndexOf('\n') + 1)}`;
}

/** Where each member of the outermost array begins. */
function itemStarts(sent: string): readonly number[] {
  const starts: number[] = [];
  let depth = 0;
  let inText = false;
  for (let index = 0; index < sent.length; index += 1) {
    const character = sent[index];
    if (inText) {
      if (character === '\\') index += 1;
      else if (character === '"') inText = false;
    } else if (character === '"') inText = true;
    else if (character === '{' || character === '[') {
      if (depth === 1) starts.push(index);
      depth += 1;
    } else if (character === '}' || character === ']') depth -= 1;
  }
  return starts;
}

const escapeHtml = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll("'", '&#39;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/** ROKT-52 */
export const accepted = bare(202);
