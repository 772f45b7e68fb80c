import { z } from '../index.ts';
import { outcomeKinds, reasonCodes } from '../index.ts';

/** What goes in and out by HTTP, for checks and for the API description. `id` is the name of a schema there. */

const count = z.int().min(0);
const isoTime = z.iso.datetime();
const counts = z.record(z.string(), count);

export const anEvent = z
  .looseObject({ type: z.string(), messageId: z.string().optional() })
  .meta({ id: 'Event', description: 'One call of a Segment or RudderStack SDK, as those SDKs spell it' });

export const aReason = z
  .object({
    code: z.enum(reasonCodes),
    message: z.string(),
    field: z.string().optional(),
    status: z.int().optional(),
    detail: z.string().optional(),
  })
  .meta({ id: 'Reason' });

const aNote = z.object({
  code: z.string(),
  field: z.string(),
  payloadField: z.string().optional(),
  message: z.string(),
});

export const anOutcome = z
  .object({
    kind: z.enum(outcomeKinds),
    eventId: z.string(),
    attempts: count.optional(),
    note: z.string().optional(),
    notes: z.array(aNote).optional(),
    reason: aReason.optional(),
    retryAt: isoTime.optional(),
    scope: z.string().optional(),
  })
  .meta({ id: 'Outcome', description: 'The one result of an event' });

export const aProblem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'A problem document (RFC 9457)' });

export const anIndexedOutcome = z.union([anOutcome.extend({ index: count }), z.object({ problem: aProblem })]).meta({
  id: 'IndexedOutcome',
  description: 'An outcome with the position of its event, from 0; or, as the last line, what broke the body off',
});

export const aKeptCount = z
  .object({ accepted: count, duplicates: count, settled: count })
  .meta({ id: 'Kept', description: 'What was kept, durably' });

export const aWantedCount = z
  .object({ accepted: count, duplicates: count, settled: count, unwanted: count })
  .meta({ id: 'KeptOfAll' });

export const aConnection = z
  .object({
    id: z.string(),
    destination: z.string(),
    state: z.enum(['open', 'suspended', 'held', 'starting']),
    suspended: z.array(z.object({ scope: z.string().optional(), reason: aReason })),
    held: z
      .object({ cause: z.string(), code: z.enum(reasonCodes), since: isoTime.nullable(), until: isoTime.nullable() })
      .nullable(),
    circuitOpenUntil: isoTime.nullable(),
    waiting: count.nullable(),
    oldestMs: z.number().min(0).nullable(),
    dead: count.nullable(),
    perSecond: z.number().nullable(),
    lastDelivered: isoTime.nullable(),
    outcomes: counts,
    reasons: counts,
    requests: count,
    latencyMs: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
    lastError: z.object({ at: isoTime, failure: z.string(), status: z.int().nullable() }).nullable(),
  })
  .meta({ id: 'Connection', description: 'What a connection is doing. Holds none of its settings' });

export const aDeadLetter = z
  .object({
    connection: z.string(),
    seq: count,
    id: z.string(),
    lanes: z.array(z.string()).optional(),
    event: anEvent.optional(),
    acceptedAt: isoTime,
    diedAt: isoTime,
    outcome: z.enum(outcomeKinds),
    reason: aReason,
    attempts: count,
    configHash: z.string(),
  })
  .meta({ id: 'DeadLetter' });

/** Which dead letters: all parts must hold. */
export const aDeadFilter = z.strictObject({
  reason: z.enum(reasonCodes).optional(),
  since: isoTime.optional(),
  seq: count.optional(),
});

export const aMinute = z
  .object({
    at: isoTime,
    outcomes: counts,
    requests: count,
    failed: count,
    p50: z.number().nullable(),
    p95: z.number().nullable(),
    p99: z.number().nullable(),
  })
  .meta({ id: 'Minute' });

/** A whole number in a query. */
export const wholeNumber = (least: number, most: number): z.ZodType<number> =>
  z.coerce.number().int().min(least).max(most) as z.ZodType<number>;
