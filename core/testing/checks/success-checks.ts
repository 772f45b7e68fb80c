import type { Outcome } from '../../index.ts';
import type { LoadedCase } from '../kit/case.ts';
import { withKitConnection } from '../kit/kit-connection.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import type { ScriptedReply } from '../kit/vendor-double.ts';
import { countingName, failingName } from '../kit/derived-template.ts';
import { successReplies } from '../kit/success-reply.ts';
import { must, type Check } from './check.ts';

/** What a folder must not accept as success: near misses of a recorded success, with the same status. */
export const successChecks: readonly Check[] = [
  {
    title: 'success: a recorded success that is cut, emptied or replaced by other text does not count',
    async run(folder) {
      for (const { status, body } of recordedSuccesses(folder)) {
        const whole = textOf(body);
        const halves = whole.length < 2 ? [] : [whole.slice(0, Math.ceil(whole.length / 2)), whole.slice(0, -1)];
        for (const other of [...halves, '', ...foreign]) {
          if (!isRecorded(folder, status, other)) await mustNotPass(folder, { status, body: other });
        }
      }
    },
  },
  {
    title: 'success: a usual form of refusal does not count, alone or inside a recorded success',
    async run(folder) {
      for (const { status, body } of recordedSuccesses(folder)) {
        for (const refusal of usualRefusals) {
          for (const answer of [
            refusal,
            [refusal],
            { results: [refusal] },
            ...(isPlain(body) ? [{ ...body, ...refusal }] : []),
          ])
            await mustNotPass(folder, { status, body: answer });
        }
      }
    },
  },
  {
    title: 'success: with a verdict missing or a count that is off, not every event is delivered',
    skipReason: (folder) =>
      miscountedSuccesses(folder).length > 0
        ? undefined
        : "no recorded success counts the request's events or has a verdict for each",
    async run(folder) {
      for (const { single, reply } of miscountedSuccesses(folder)) {
        const outcomes = await outcomesOf(folder, single, reply);
        must(
          outcomes.some(({ kind }) => kind !== 'delivered'),
          `${single.name}: ${reply.status} ${JSON.stringify(reply.body)} to ${single.events.length} events delivers all of them`,
        );
      }
    },
  },
];

interface RecordedReply {
  readonly status: number;
  readonly body?: unknown;
}

/**
 * Recorded successes for a whole request, with a 2xx. With another status (Adjust's 400 "earlier unique event") the
 * wording decides, and in a partial refusal the verdicts do.
 */
function recordedSuccesses({ cases }: ContractFolder): readonly RecordedReply[] {
  const seen = new Map<string, RecordedReply>();
  for (const { outcomes, replies } of cases) {
    const kinds = new Set<string>(outcomes.map(({ kind }) => kind));
    const reply = replies.at(-1);
    const success = kinds.delete('delivered') && kinds.size === (kinds.has('skipped') ? 1 : 0);
    if (success && reply !== undefined && 'status' in reply && reply.status < 300)
      seen.set(`${reply.status} ${textOf(reply.body)}`, reply);
  }
  return [...seen.values()];
}

const textOf = (body: unknown): string =>
  body === undefined || body === null ? '' : typeof body === 'string' ? body : JSON.stringify(body);

/** Whether any case delivers something with this answer. */
const isRecorded = (folder: ContractFolder, status: number, text: string): boolean =>
  successReplies(folder).some(
    (reply) => 'status' in reply && reply.status === status && textOf(reply.body).trim() === text.trim(),
  );

const foreign: readonly string[] = ['<html>OK</html>', '"bad token"', 'bad token', 'false', 'null', '[]', '7'];

/** The forms of the API's usualRefusal(), repeated here so that the check does not rely on it. */
const usualRefusals: readonly Readonly<Record<string, unknown>>[] = [
  { error: 'no' },
  { Errors: [{ message: 'no' }] },
  { fault: {} },
  { success: false },
  { ok: 'false' },
  { status: 'FAILED' },
  { result: 'error' },
  { code: 500 },
  { code: '403' },
  { status: 429 },
];

const isPlain = (body: unknown): body is Readonly<Record<string, unknown>> =>
  typeof body === 'object' && body !== null && !Array.isArray(body);

/** A case in which one answer delivers every event. */
const deliversAll = ({ replies, outcomes }: LoadedCase): boolean =>
  replies.length === 1 &&
  outcomes.every(({ kind }) => kind === 'delivered') &&
  replies.every((reply) => 'status' in reply && reply.status < 300);

/** Every recorded success that counts, with one verdict missing or one count off by one. */
const miscountedSuccesses = ({ cases }: ContractFolder) =>
  cases.filter(deliversAll).flatMap((single) => {
    const [reply] = single.replies;
    if (reply === undefined || !('status' in reply)) return [];
    return miscounted(reply.body, single.events.length).map((body) => ({ single, reply: { ...reply, body } }));
  });

/**
 * Variants of the body, each with one verdict missing from a list or one count of taken or refused events off by one.
 */
function miscounted(body: unknown, events: number): readonly unknown[] {
  if (Array.isArray(body)) return body.length === events ? [body.slice(0, -1)] : [];
  if (!isPlain(body)) return [];
  return Object.entries(body).flatMap(([name, value]) => {
    if (Array.isArray(value) && value.length === events) return [{ ...body, [name]: value.slice(0, -1) }];
    if (typeof value !== 'number') return miscounted(value, events).map((inside) => ({ ...body, [name]: inside }));
    if (value === events && countingName.test(name)) return [{ ...body, [name]: events - 1 }];
    return value === 0 && failingName.test(name) ? [{ ...body, [name]: 1 }] : [];
  });
}

async function mustNotPass(folder: ContractFolder, reply: RecordedReply): Promise<void> {
  const [outcome] = await outcomesOf(folder, { config: folder.config, events: [folder.event] }, reply);
  must(outcome?.kind !== 'delivered', `${reply.status} ${JSON.stringify(reply.body)} is delivered`);
}

/** The outcomes of events whose first request gets this answer; further requests time out. */
const outcomesOf = (
  folder: ContractFolder,
  { config, events, options, now }: Pick<LoadedCase, 'config' | 'events'> & Partial<LoadedCase>,
  reply: ScriptedReply,
): Promise<readonly Outcome[]> =>
  withKitConnection(
    folder,
    (_request, position) => (position === 0 ? reply : { fault: 'timeout' }),
    (kit) => kit.deliver(events),
    {
      config,
      options: { ...(options as object), onAmbiguous: 'report', retry: { attempts: 1 } },
      now: now === undefined ? undefined : Date.parse(now),
      unobserved: true,
    },
  );
