import { isObject } from '../../api/index.ts';
import type { Outcome } from '../../index.ts';
import type { LoadedCase } from '../kit/case.ts';
import { countsRefused } from '../kit/derived-template.ts';
import { withKitConnection } from '../kit/kit-connection.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import type { ScriptedReply } from '../kit/vendor-double.ts';
import { successReplies } from '../kit/success-reply.ts';
import { must, type Check } from './check.ts';
import {
  changedAt,
  membersIn,
  membersMatter,
  miscountedSuccesses,
  sayingSuccesses,
  wholeSuccesses,
} from './near-misses.ts';
import { holdsForAnyNumber } from './success-for-many.ts';

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
            ...(isObject(body) ? [{ ...body, ...refusal }] : []),
          ])
            await mustNotPass(folder, { status, body: answer });
        }
      }
    },
  },
  {
    title:
      'success: F-40 a member that says what failed does not count, whatever its type: a text, an object, a list or a number',
    skipReason: (folder) =>
      wholeSuccesses(folder).some(({ reply }) => isObject(reply.body)) ? undefined : 'no recorded success is an object',
    async run(folder) {
      const paths = failurePaths(folder);
      for (const { single, reply } of wholeSuccesses(folder)) {
        for (const path of isObject(reply.body) ? paths : []) {
          for (const value of failures) {
            const body = changedAt(reply.body, path, value);
            const outcomes = await outcomesOf(folder, single, { ...reply, body });
            const delivered = outcomes.findIndex(({ kind }) => kind === 'delivered');
            must(
              delivered < 0,
              `${single.name}: event ${delivered} is delivered by ${reply.status} ${JSON.stringify(body)}`,
            );
          }
        }
      }
    },
  },
  {
    title:
      'success: an answer without the member that says success, or with another text or number there, does not count',
    skipReason: (folder) =>
      sayingSuccesses(folder).length > 0 ? undefined : 'a recorded success has no member that says so',
    async run(folder) {
      for (const success of sayingSuccesses(folder)) {
        const delivers = async (body: unknown): Promise<boolean> =>
          deliversEvery(await outcomesOf(folder, success.single, { ...success.reply, body }));
        await membersMatter(success, delivers);
      }
    },
  },
  {
    title: 'success: with a verdict missing or a count that is off, not every event is delivered',
    async skipReason(folder) {
      if (miscountedSuccesses(folder).length > 0) return undefined;
      return (await holdsForAnyNumber(folder)) || folder.definition.manifest.limits.maxItems < 2
        ? "no recorded success counts the request's events or has a verdict for each"
        : undefined;
    },
    lacks: (folder) =>
      miscountedSuccesses(folder).length > 0
        ? undefined
        : 'a recorded success that counts the events of its request or has a verdict for each',
    async run(folder) {
      for (const { single, reply } of miscountedSuccesses(folder)) {
        const outcomes = await outcomesOf(folder, single, reply);
        must(
          !deliversEvery(outcomes),
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

/** What a member of that name says, if something failed. */
const failures: readonly unknown[] = [
  'quota exceeded',
  { message: 'quota exceeded' },
  ['quota exceeded'],
  [{ message: 'quota exceeded' }],
  7,
];

/**
 * Where an answer may say what failed: the usual names, and those that the recorded answers with a 2xx have. A folder
 * that reads such a member itself reads the type that it expects, and may overlook another.
 */
function failurePaths({ cases }: ContractFolder): readonly (readonly string[])[] {
  const recorded = cases.flatMap(({ replies }) =>
    replies.flatMap((reply) =>
      'status' in reply && reply.status < 300
        ? membersIn(reply.body).flatMap(({ path }) => (countsRefused(path.at(-1) ?? '') ? [path] : []))
        : [],
    ),
  );
  const all = [...['error', 'errors', 'fault'].map((name) => [name]), ...recorded];
  return [...new Map(all.map((path) => [JSON.stringify(path), path])).values()];
}

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

const deliversEvery = (outcomes: readonly Outcome[]): boolean => outcomes.every(({ kind }) => kind === 'delivered');

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
