import { z } from '../../index.ts';
import { lanesBy, type DeadFilter, type DeadLetter, type DeliveryStore } from '../../queue/index.ts';
import { ndjsonAnswer } from '../ndjson-answer.ts';
import { Problem } from '../problem.ts';
import { ndjson } from '../request-body.ts';
import { asksFor, defineRoute, json, type Route } from '../route.ts';
import {
  aCount,
  aDeadFilter,
  aDeadLetter,
  aDeadLetterHead,
  isoTime,
  reasonCounts,
  wholeNumber,
  wholeNumberOr,
} from '../schemas.ts';
import { connectionIn, storeOf, type ServiceParts } from '../service-parts.ts';

const mostListed = 1_000;
const dryRun = z.boolean().describe('Count them, and change nothing').optional();
/** Without a store. */
const problems = ['conflict'] as const;
const aCountOfDead = z.object({ count: aCount, dryRun: z.boolean() });

export const deadRoutes = (parts: ServiceParts): readonly Route[] => [
  defineRoute({
    method: 'GET',
    path: '/v1/connections/{id}/dead',
    scope: 'events',
    summary: 'Dead letters, the oldest first',
    description: `With Accept: ${ndjson}, all of them with their events, as an export; otherwise a page without the events.`,
    query: aDeadFilter.omit({ seq: true }).extend({
      limit: wholeNumberOr(100, 1, mostListed),
      cursor: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional(),
    }),
    answers: {
      200: [
        {
          description: 'A page; `next` is the cursor of the one after it, null on the last',
          schema: z.object({ dead: z.array(aDeadLetterHead), next: z.string().nullable() }),
        },
        { description: 'All of them, with their events', mediaType: ndjson, schema: aDeadLetter },
      ],
    },
    problems,
    async handle({ params, query, headers }) {
      const { id } = connectionIn(parts, params);
      const { limit, cursor = -1, ...wanted } = query;
      const letters = storeOf(parts).dead(id, filterOf(wanted));
      if (asksFor(headers, ndjson)) return ndjsonAnswer(shownAll(letters));
      const dead: object[] = [];
      let next: string | null = null;
      for await (const letter of letters) {
        if (letter.seq <= cursor) continue;
        if (dead.length === limit) {
          next = String((dead.at(-1) as DeadLetter).seq);
          break;
        }
        const { event: _event, ...rest } = letter;
        dead.push(shown(rest));
      }
      return json({ dead, next });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/connections/{id}/dead/reasons',
    scope: 'read',
    summary: 'How many dead letters have each reason',
    answers: { 200: [{ description: 'By reason', schema: z.object({ reasons: reasonCounts }) }] },
    problems,
    handle: async ({ params }) => json({ reasons: await storeOf(parts).reasons(connectionIn(parts, params).id) }),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/connections/{id}/dead/counts',
    scope: 'read',
    summary: 'How many events died, by time and reason',
    query: z.strictObject({ every: wholeNumberOr(3_600, 60, 86_400).describe('Seconds') }),
    answers: {
      200: [
        {
          description: 'The oldest first; times without a dead letter are left out',
          schema: z.object({ counts: z.array(z.object({ at: isoTime, reasons: reasonCounts })) }),
        },
      ],
    },
    problems,
    async handle({ params, query }) {
      const byTime = new Map<number, Record<string, number>>();
      const everyMs = query.every * 1_000;
      for await (const { diedAt, reason } of storeOf(parts).dead(connectionIn(parts, params).id)) {
        const at = diedAt - (diedAt % everyMs);
        const reasons = byTime.get(at) ?? {};
        byTime.set(at, reasons);
        reasons[reason.code] = (reasons[reason.code] ?? 0) + 1;
      }
      const counts = [...byTime].sort(([a], [b]) => a - b);
      return json({ counts: counts.map(([at, reasons]) => ({ at: new Date(at).toISOString(), reasons })) });
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/connections/{id}/dead/{seq}',
    scope: 'events',
    summary: 'A dead letter with its event',
    answers: { 200: [{ description: 'The dead letter', schema: aDeadLetter }] },
    problems,
    async handle({ params }) {
      const seq = Number(params['seq']);
      const { id } = connectionIn(parts, params);
      if (Number.isSafeInteger(seq))
        for await (const letter of storeOf(parts).dead(id, { seq })) return json(shown(letter));
      throw new Problem('not-found', 'no dead letter of this connection has this number');
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/connections/{id}/dead/revive',
    scope: 'operate',
    summary: 'Puts dead letters back into the queue, as if they were new',
    input: z
      .strictObject({ filter: aDeadFilter.optional(), dryRun })
      .meta({ examples: [{ filter: { reason: 'unauthorized' }, dryRun: true }] }),
    answers: { 200: [{ description: 'How many', schema: aCountOfDead }] },
    problems,
    async handle({ params, input, by, requestId }) {
      const { id, connection } = connectionIn(parts, params);
      const store = storeOf(parts);
      const { dryRun = false } = input;
      const wanted = filterOf(input.filter ?? {});
      const count = dryRun ? await countOf(store, id, wanted) : await store.requeue(id, wanted, lanesBy(connection));
      if (!dryRun) parts.log.info({ token: by, connection: id, count, requestId }, 'dead letters were revived');
      return json({ count, dryRun });
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/v1/connections/{id}/dead',
    scope: 'operate',
    summary: 'Drops dead letters for good',
    input: z.strictObject({ filter: aDeadFilter, dryRun }),
    answers: { 200: [{ description: 'How many', schema: aCountOfDead }] },
    problems,
    async handle({ params, input, by, requestId }) {
      const { id } = connectionIn(parts, params);
      const store = storeOf(parts);
      const { dryRun = false } = input;
      const wanted = filterOf(input.filter);
      const count = dryRun ? await countOf(store, id, wanted) : await store.drop(id, wanted);
      if (!dryRun) parts.log.info({ token: by, connection: id, count, requestId }, 'dead letters were dropped');
      return json({ count, dryRun });
    },
  }),
];

const filterOf = ({ since, reason, seq }: z.output<typeof aDeadFilter>): DeadFilter => ({
  ...(reason === undefined ? {} : { reason }),
  ...(since === undefined ? {} : { since: Date.parse(since) }),
  ...(seq === undefined ? {} : { seq }),
});

async function countOf(store: DeliveryStore, id: string, wanted: DeadFilter): Promise<number> {
  let count = 0;
  for await (const _ of store.dead(id, wanted)) count += 1;
  return count;
}

/** Times as people read them. */
const shown = ({ acceptedAt, diedAt, ...rest }: Omit<DeadLetter, 'event'>): object => ({
  ...rest,
  acceptedAt: new Date(acceptedAt).toISOString(),
  diedAt: new Date(diedAt).toISOString(),
});

async function* shownAll(letters: AsyncIterable<DeadLetter>): AsyncGenerator<object, void, undefined> {
  for await (const letter of letters) yield shown(letter);
}
