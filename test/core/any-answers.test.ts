// Tests core/runtime/sending/decisions.ts and core/runtime/sending/settle.ts, with any decisions a folder may return.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { accept, errorTable, decide, type RetryDecision } from '../../core/index.ts';
import type { ScriptedReply, Script } from '../support/runtime/scripted-vendor.ts';
import { acme, testConnection, defects, tracks, type TrackOptions } from '../support/runtime/test-connection.ts';

type Word = RetryDecision['kind'] | 'doubtful' | 'scoped' | 'put off';
const words: readonly Word[] = [
  ...(['accept', 'retry', 'defer', 'resend', 'split', 'isolate', 'ambiguous', 'skip', 'reject'] as const),
  ...(['doubtful', 'scoped', 'put off'] as const),
];
const whole: readonly ScriptedReply[] = [
  { status: 403, body: '<html>no</html>' },
  { status: 403 },
  { status: 429, headers: { 'retry-after': '1' } },
  { status: 503 },
  { status: 502 },
  { status: 400 },
  { fault: 'reset' },
  { fault: 'refused' },
];

const decisionOf = (word: Word, scopes: readonly string[] | undefined): RetryDecision => {
  const scope = scopes?.[0] === undefined ? {} : { scope: scopes[0] };
  if (word === 'accept') return accept();
  if (word === 'doubtful') return decide('isolate', 'vendor_rejected', 'names nobody', { ambiguous: true });
  if (word === 'scoped') return decide('retry', 'rate_limited', 'too fast', { afterMs: 700, ...scope });
  if (word === 'put off') return decide('defer', 'vendor_unavailable', 'not now', { afterMs: 900, ...scope });
  return decide(word, 'vendor_rejected', `said ${word}`);
};

/** Whether the vendor may have taken what it answers so. */
const mayHaveArrived = (answer: ScriptedReply): boolean =>
  'fault' in answer ? answer.fault === 'reset' : answer.status === 502;

const final: ReadonlySet<string> = new Set(['delivered', 'skipped', 'rejected', 'unknown', 'deferred', 'suspended']);

describe('any mix of answers', () => {
  it('F-09 F-10 F-17 F-18 gives each event one outcome, sends nothing after it, and forgets no doubt', async () => {
    const runs = fc.record({
      answers: fc.array(fc.oneof(fc.constantFrom(...whole), fc.array(fc.constantFrom(...words), { minLength: 1 })), {
        maxLength: 25,
      }),
      count: fc.integer({ min: 1, max: 25 }),
      maxItems: fc.constantFrom(1, 4, 10),
      lanes: fc.constantFrom(0, 3),
      scopes: fc.constantFrom(0, 2),
      once: fc.boolean(),
      onAmbiguous: fc.constantFrom('report' as const, 'retry' as const),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ answers, count, maxItems, lanes, scopes, once, onAmbiguous }) => {
        const doubt = new Set<string>();
        const told = new Map<string, string>();
        const late: string[] = [];
        const script: Script = ({ ids }, position): ScriptedReply => {
          for (const id of ids) if (told.has(id)) late.push(id);
          const answer = answers[position];
          if (answer !== undefined && !Array.isArray(answer) && mayHaveArrived(answer as ScriptedReply))
            for (const id of ids) doubt.add(id);
          if (answer === undefined) return { status: 200, body: ids.map(() => 'accept') };
          if (!Array.isArray(answer)) return answer as ScriptedReply;
          const given = ids.map((_, n) => answer[n % answer.length] as Word);
          given.forEach((word, n) => {
            if (word === 'doubtful' || word === 'ambiguous') doubt.add(ids[n] as string);
          });
          return { status: 200, body: given };
        };
        const destination = acme(
          {
            response: {
              ...errorTable(),
              readReply: ({ response: { status, body } }, { items }) =>
                status === 200
                  ? (JSON.parse(body) as Word[]).map((word, n) => decisionOf(word, items[n]?.scopes))
                  : undefined,
            },
          },
          { limits: { maxItems, maxBytes: 100_000, maxAgeMs: 1_000 } },
        );
        const { deliver, signals } = testConnection({ destination, script, connection: { onAmbiguous } });
        const travel = (n: number): TrackOptions => ({
          ...(lanes === 0 ? {} : { lane: `l${n % lanes}` }),
          ...(scopes === 0 ? {} : { scopes: [`s${n % scopes}`] }),
        });
        let tellings = 0;
        const outcomes = await deliver(tracks(count, travel), {
          once,
          settled(position, { kind }) {
            tellings += 1;
            told.set(`e${position}`, kind);
            return undefined;
          },
        });
        expect(outcomes).toHaveLength(count);
        expect(tellings).toBe(count);
        expect(late).toEqual([]);
        for (const outcome of outcomes) {
          expect(final.has(outcome.kind)).toBe(true);
          if (doubt.has(outcome.eventId)) expect(['delivered', 'unknown', 'deferred']).toContain(outcome.kind);
        }
        expect(defects(signals).filter((where) => where !== 'response')).toEqual([]);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
