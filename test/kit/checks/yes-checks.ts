import type { Outcome } from '../../../core/index.ts';
import type { LoadedCase } from '../case.ts';
import { withProbe } from '../probe.ts';
import type { Subject } from '../subject.ts';
import type { ScriptedReply } from '../vendor-double.ts';
import { yesReplies } from '../yes.ts';
import { must, notRun, type Check } from './check.ts';

/** What a folder must not take for a yes: what looks nearly like the one it has recorded, with the same status. */
export const yesChecks: readonly Check[] = [
  {
    title: 'yes: what is left of a recorded yes that is cut, emptied, or another kind of text is none',
    async run(subject) {
      for (const { status, body } of recordedYeses(subject)) {
        const whole = textOf(body);
        const halves = whole.length < 2 ? [] : [whole.slice(0, Math.ceil(whole.length / 2)), whole.slice(0, -1)];
        for (const other of [...halves, '', ...foreign]) {
          if (!isRecorded(subject, status, other)) await mustNotPass(subject, { status, body: other });
        }
      }
    },
  },
  {
    title: 'yes: one that holds any of the usual words for a no is none, by itself or beside what was recorded',
    async run(subject) {
      for (const { status, body } of recordedYeses(subject)) {
        for (const no of usualNos) {
          for (const said of [no, [no], { results: [no] }, ...(isPlain(body) ? [{ ...body, ...no }] : [])])
            await mustNotPass(subject, { status, body: said });
        }
      }
    },
  },
  {
    title: 'yes: one with a verdict too few, or a count that is off, is not a yes to every event',
    async run(subject) {
      let tried = 0;
      for (const single of subject.cases.filter(wholeYes)) {
        const [reply] = single.replies;
        if (reply === undefined || !('status' in reply)) continue;
        for (const body of miscounted(reply.body, single.events.length)) {
          tried += 1;
          const outcomes = await outcomesOf(subject, single, { ...reply, body });
          must(
            outcomes.some(({ kind }) => kind !== 'delivered'),
            `${single.name}: ${reply.status} ${JSON.stringify(body)} to ${single.events.length} events delivers all of them`,
          );
        }
      }
      if (tried === 0) return notRun("no recorded yes counts the request's events or has a verdict for each");
    },
  },
];

interface Recorded {
  readonly status: number;
  readonly body?: unknown;
}

/**
 * Recorded yeses to all of a request, with a status of success: of another one (Adjust's 400 "earlier unique event") the wording
 * is what counts, and where some were refused, the verdicts are.
 */
function recordedYeses({ cases }: Subject): readonly Recorded[] {
  const seen = new Map<string, Recorded>();
  for (const { outcomes, replies } of cases) {
    const kinds = new Set<string>(outcomes.map(({ kind }) => kind));
    const reply = replies.at(-1);
    const yes = kinds.delete('delivered') && kinds.size === (kinds.has('skipped') ? 1 : 0);
    if (yes && reply !== undefined && 'status' in reply && reply.status < 300)
      seen.set(`${reply.status} ${textOf(reply.body)}`, reply);
  }
  return [...seen.values()];
}

const textOf = (body: unknown): string =>
  body === undefined || body === null ? '' : typeof body === 'string' ? body : JSON.stringify(body);

/** Whether any case has it for the answer with which something is delivered. */
const isRecorded = (subject: Subject, status: number, text: string): boolean =>
  yesReplies(subject).some(
    (reply) => 'status' in reply && reply.status === status && textOf(reply.body).trim() === text.trim(),
  );

const foreign: readonly string[] = ['<html>OK</html>', '"bad token"', 'bad token', 'false', 'null', '[]', '7'];

/** As usualNo() of the API has them; written down here once more, not taken from there. */
const usualNos: readonly Readonly<Record<string, unknown>>[] = [
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
const wholeYes = ({ replies, outcomes }: LoadedCase): boolean =>
  replies.length === 1 &&
  outcomes.every(({ kind }) => kind === 'delivered') &&
  replies.every((reply) => 'status' in reply && reply.status < 300);

const counting = /accept|cre?ated|count|event|ingest|item|ok|process|queued|receiv|record|stored|succe|taken|total/i;
const failing = /drop|duplic|error|fail|ignor|invalid|reject|skip/i;

/** The body, each time with one list a verdict short or one count off: numbers that say how many events were taken, or were not. */
function miscounted(body: unknown, events: number): readonly unknown[] {
  if (Array.isArray(body)) return body.length === events ? [body.slice(0, -1)] : [];
  if (!isPlain(body)) return [];
  return Object.entries(body).flatMap(([name, value]) => {
    if (Array.isArray(value) && value.length === events) return [{ ...body, [name]: value.slice(0, -1) }];
    if (typeof value !== 'number') return miscounted(value, events).map((inside) => ({ ...body, [name]: inside }));
    if (value === events && counting.test(name)) return [{ ...body, [name]: events - 1 }];
    return value === 0 && failing.test(name) ? [{ ...body, [name]: 1 }] : [];
  });
}

async function mustNotPass(subject: Subject, reply: Recorded): Promise<void> {
  const [outcome] = await outcomesOf(subject, { config: subject.config, events: [subject.event] }, reply);
  must(outcome?.kind !== 'delivered', `${reply.status} ${JSON.stringify(reply.body)} is delivered`);
}

/** What becomes of events whose one answer this is. A vendor that is asked again says nothing any more. */
const outcomesOf = (
  subject: Subject,
  { config, events, options, now }: Pick<LoadedCase, 'config' | 'events'> & Partial<LoadedCase>,
  reply: ScriptedReply,
): Promise<readonly Outcome[]> =>
  withProbe(
    subject,
    (_request, position) => (position === 0 ? reply : { fault: 'timeout' }),
    (probe) => probe.deliver(events),
    {
      config,
      options: { ...(options as object), onAmbiguous: 'report', retry: { attempts: 1 } },
      now: now === undefined ? undefined : Date.parse(now),
      unwatched: true,
    },
  );
