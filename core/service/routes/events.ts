import { z, type IncomingEvent } from '../../index.ts';
import { readLines } from '../../ndjson.ts';
import { keepEvents, type KeptCount } from '../keep-events.ts';
import { Problem, type ProblemIssue } from '../problem.ts';
import { ndjson, parsed, refuseMore, type RequestBody } from '../request-body.ts';
import { defineRoute, json, type Route } from '../route.ts';
import { aCount, aKeptCount, anEvent, aWantedCount } from '../schemas.ts';
import { connectionIn, storeOf, type ServiceParts } from '../service-parts.ts';
import { traceOf } from '../trace-context.ts';

/** Without a store, or where it is full. */
const problems = ['conflict', 'too-many-requests'] as const;
const body = { 'application/json': z.union([z.array(anEvent), anEvent]), [ndjson]: anEvent };

export const eventsRoutes = (parts: ServiceParts): readonly Route[] => [
  defineRoute({
    method: 'POST',
    path: '/v1/connections/{id}/events',
    scope: 'deliver',
    summary: 'Keeps events for one connection until they are settled',
    description: 'All of them or none. The same messageId again within a day is kept once.',
    body,
    answers: { 202: [{ description: 'All of them are on disk', schema: aKeptCount }] },
    problems,
    async handle(call) {
      const { id } = connectionIn(parts, call.params);
      storeOf(parts);
      const events = await eventsIn(call.body, parts);
      return parts.connections.hold(async () => {
        const counts = await keepEvents(parts, [connectionIn(parts, call.params)], events, {
          trace: traceOf(call.headers),
        });
        const { accepted, duplicates, settled } = counts.get(id) as KeptCount;
        return json({ accepted, duplicates, settled }, 202);
      });
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/events',
    scope: 'deliver',
    summary: 'Keeps events for every connection that wants them',
    description:
      'A connection that leaves an event out on purpose (subscribe, integrations, consent) keeps nothing of it: it is ' +
      'counted as unwanted. All of the others keep all of theirs, or none does.',
    body,
    answers: {
      202: [
        {
          description: 'All of them are on disk',
          schema: z.object({ events: aCount, connections: z.record(z.string(), aWantedCount) }),
        },
      ],
    },
    problems,
    async handle(call) {
      storeOf(parts);
      const events = await eventsIn(call.body, parts);
      return parts.connections.hold(async () => {
        const counts = await keepEvents(parts, parts.connections.all(), events, {
          onlyWanted: true,
          trace: traceOf(call.headers),
        });
        return json({ events: events.length, connections: Object.fromEntries(counts) }, 202);
      });
    },
  }),
];

/** Throws a Problem unless all of them can be read. */
async function eventsIn(body: RequestBody, { limits }: ServiceParts): Promise<readonly IncomingEvent[]> {
  if (body.mediaType === ndjson) return linesIn(body, limits);
  const content = parsed(await body.text(limits.jsonBytes, `; send more as ${ndjson}, one event a line`));
  const events = Array.isArray(content) ? (content as unknown[]) : [content];
  refuseMore(events.length, limits.events);
  const errors = events.flatMap((event, index): ProblemIssue[] =>
    isObject(event)
      ? []
      : [{ path: Array.isArray(content) ? String(index) : '', message: 'must be an event: an object' }],
  );
  if (errors.length > 0) throw notKept(errors);
  return events as IncomingEvent[];
}

const mostErrors = 50;

const notKept = (errors: readonly ProblemIssue[]): Problem => new Problem('not-valid', 'nothing was kept', { errors });

async function linesIn(body: RequestBody, limits: ServiceParts['limits']): Promise<readonly IncomingEvent[]> {
  const events: IncomingEvent[] = [];
  const errors: ProblemIssue[] = [];
  const fail = (line: number, message: string): void => {
    errors.push({ path: `line ${line}`, message });
  };
  for await (const line of readLines(body.heldChunks(limits.eventsBytes), limits.lineBytes)) {
    // A small body can have millions of lines.
    if (errors.length === mostErrors) break;
    if ('fault' in line) {
      fail(line.number, `is ${line.fault}`);
      continue;
    }
    refuseMore(events.length + 1, limits.events);
    try {
      const event = parsed(line.text);
      if (isObject(event)) events.push(event as unknown as IncomingEvent);
      else fail(line.number, 'must be an event: an object');
    } catch {
      fail(line.number, 'is not JSON');
    }
  }
  if (errors.length > 0) throw notKept(errors);
  return events;
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
