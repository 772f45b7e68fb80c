import { isObject } from '../../api/index.ts';
import type { LoadedCase } from '../kit/case.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { countingName, countsTaken, failingName, numberInText } from '../kit/derived-template.ts';
import { must } from './check.ts';

interface WholeSuccess {
  /** A case in which one answer delivers every event. */
  readonly single: LoadedCase;
  readonly reply: { readonly status: number; readonly body?: unknown };
}

/** The recorded successes for a whole request, one of each, with the case that has it. */
export function wholeSuccesses({ cases }: ContractFolder): readonly WholeSuccess[] {
  const seen = new Map<string, WholeSuccess>();
  for (const single of cases) {
    const [reply, ...more] = single.replies;
    if (reply === undefined || more.length > 0 || !('status' in reply) || reply.status >= 300) continue;
    if (single.outcomes.some(({ kind }) => kind !== 'delivered')) continue;
    const text = JSON.stringify([single.events.length, reply.status, reply.body]);
    if (!seen.has(text)) seen.set(text, { single, reply });
  }
  return [...seen.values()];
}

/** Every recorded success that counts, with one verdict missing or one count off by one. */
export const miscountedSuccesses = (folder: ContractFolder): readonly WholeSuccess[] =>
  wholeSuccesses(folder).flatMap(({ single, reply }) => {
    // A vendor that takes one event a request has nothing to count in a text.
    const texts = folder.definition.manifest.limits.maxItems > 1;
    return miscounted(reply.body, single.events.length, texts).map((body) => ({ single, reply: { ...reply, body } }));
  });

/**
 * Variants of the body, each with one verdict missing from a list or one count of taken or refused events off by one;
 * with `texts` also a count inside a text.
 */
function miscounted(body: unknown, events: number, texts: boolean): readonly unknown[] {
  if (typeof body === 'string') return texts && countingName.test(body) ? miscountedTexts(body, events) : [];
  if (Array.isArray(body)) return body.length === events ? [body.slice(0, -1)] : [];
  if (!isObject(body)) return [];
  return Object.entries(body).flatMap(([name, value]) => {
    if (Array.isArray(value) && value.length === events) return [{ ...body, [name]: value.slice(0, -1) }];
    if (typeof value !== 'number')
      return miscounted(value, events, texts).map((inside) => ({ ...body, [name]: inside }));
    if (value === events && countsTaken(name)) return [{ ...body, [name]: events - 1 }];
    return value === 0 && failingName.test(name) ? [{ ...body, [name]: 1 }] : [];
  });
}

/** `Successfully processed 2 conversion events.` with 1 for 2. */
const miscountedTexts = (text: string, events: number): readonly string[] => {
  const off = text.replaceAll(numberInText, (number) => (Number(number) === events ? String(events - 1) : number));
  return off === text ? [] : [off];
};

/**
 * Successes with members that say so, such as `"status": "ok"` or `"accepted": 2`. None where a recorded success has no
 * such member: there the status decides.
 */
export function sayingSuccesses(folder: ContractFolder): readonly SayingSuccess[] {
  const saying = wholeSuccesses(folder).map(({ single, reply }) => ({
    single,
    reply,
    says: membersIn(reply.body).filter((member) => saysSuccess(member, single.events.length)),
  }));
  return saying.every(({ says }) => says.length > 0) ? saying : [];
}

interface SayingSuccess extends WholeSuccess {
  readonly says: readonly Member[];
}

/**
 * Throws if the answer counts as a success whichever of its members that say so is missing; or if one of those that are
 * needed may say something else.
 */
export async function membersMatter(
  { single, reply, says }: SayingSuccess,
  delivers: (body: unknown) => Promise<boolean>,
): Promise<void> {
  const needed: Member[] = [];
  for (const member of says) if (!(await delivers(changedAt(reply.body, member.path, undefined)))) needed.push(member);
  const where = `${single.name}: ${reply.status}`;
  const all = says.map(nameOf).join(', ');
  must(needed.length > 0, `${where} ${JSON.stringify(reply.body)} is a success without ${all}, too`);
  for (const member of needed) {
    for (const other of othersFor(member.value)) {
      const changed = changedAt(reply.body, member.path, other);
      must(
        !(await delivers(changed)),
        `${where} ${JSON.stringify(changed)} is a success, whatever ${nameOf(member)} says`,
      );
    }
  }
}

interface Member {
  readonly path: readonly string[];
  readonly value: unknown;
}

const nameOf = ({ path }: Member): string => path.join('.');

/** The members of objects, at every depth outside lists: entries of lists are verdicts. */
export const membersIn = (body: unknown, at: readonly string[] = []): readonly Member[] =>
  isObject(body)
    ? Object.entries(body).flatMap(([name, value]) => [
        { path: [...at, name], value },
        ...membersIn(value, [...at, name]),
      ])
    : [];

const successWord = /^ok\b|\b(?:accept|succe|process|receiv|complet|queued|stored|creat)/i;

function saysSuccess({ path, value }: Member, events: number): boolean {
  if (typeof value === 'string') return successWord.test(value);
  return value === true || (value === events && countsTaken(path.at(-1) ?? ''));
}

/** What may not stand in place of a value that says that something succeeded. */
const othersFor = (value: unknown): readonly unknown[] =>
  typeof value === 'string' ? [nobody, `Not ${value}`, 4711, null] : [nobody, false, null];

const nobody = 'nobody-4711';

/** A copy with another value at the path, or with none. */
export function changedAt(body: unknown, [name = '', ...rest]: readonly string[], value: unknown): unknown {
  const copy: Record<string, unknown> = { ...(body as object) };
  const inside = copy[name];
  if (rest.length > 0) copy[name] = changedAt(isObject(inside) ? inside : {}, rest, value);
  else if (value === undefined) delete copy[name];
  else copy[name] = value;
  return copy;
}
