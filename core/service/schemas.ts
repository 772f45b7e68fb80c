import { z } from '../index.ts';
import { outcomeKinds, reasonCodes } from '../index.ts';

/** What goes in and out by HTTP, for checks and for the API description. `id` is the name of a schema there. */

export const aCount = z.int().min(0);
export const isoTime = z.iso.datetime();
const aReasonCode = z.enum(reasonCodes).meta({ id: 'ReasonCode' });
const reasons = z.partialRecord(aReasonCode, aCount);
const outcomes = z.partialRecord(z.enum([...outcomeKinds, 'dead']), aCount);

export const anEvent = z.looseObject({ type: z.string(), messageId: z.string().optional() }).meta({
  id: 'Event',
  description: 'One call of a Segment or RudderStack SDK, as those SDKs spell it',
  examples: [
    {
      type: 'track',
      event: 'Order Completed',
      messageId: 'order-1001',
      timestamp: '2026-11-24T10:00:00.000Z',
      userId: 'u-1',
      context: { traits: { email: 'ann@example.com' } },
      properties: { order_id: '1001', revenue: 12.5, currency: 'EUR' },
    },
  ],
});

export const aReason = z
  .object({
    code: aReasonCode,
    message: z.string().describe('One sentence, without a value of the event'),
    field: z.string().describe("The event's path that it is about").optional(),
    status: z.int().describe("HTTP status of the vendor's answer").optional(),
    detail: z.string().describe("The vendor's words, masked").optional(),
  })
  .meta({ id: 'Reason' });

export const aNote = z
  .object({
    code: z.enum(['dropped', 'truncated', 'coerced', 'recommended_missing', 'duplicate', 'unadvised', 'mapping_unfit']),
    field: z.string(),
    payloadField: z.string().optional(),
    message: z.string(),
  })
  .meta({ id: 'Note', description: 'What was changed, or is advised against: the event is sent all the same' });

const eventId = z.string().describe("The event's messageId; '' where it has none");

const outcomeShapes = [
  z.object({
    kind: z.literal('delivered'),
    eventId,
    attempts: aCount.describe('Requests that carried the event'),
    note: z.string().optional(),
    notes: z.array(aNote).optional(),
  }),
  z.object({ kind: z.enum(['skipped', 'rejected', 'unknown']), eventId, reason: aReason }),
  z.object({
    kind: z.literal('deferred'),
    eventId,
    reason: aReason,
    retryAt: isoTime.optional(),
    scope: z.string().describe('Events of this scope alone wait').optional(),
  }),
  z.object({
    kind: z.literal('suspended'),
    eventId,
    reason: aReason,
    scope: z.string().describe('Without it, the whole connection is suspended').optional(),
  }),
] as const;

export const anOutcome = z
  .union(outcomeShapes)
  .meta({ id: 'Outcome', description: 'The one result of an event', examples: [exampleOutcome()] });

/** A function, as the example stands in two schemas. */
function exampleOutcome(): object {
  return { kind: 'delivered', eventId: 'order-1001', attempts: 1 };
}

export const aProblem = z
  .object({
    type: z.string().describe('urn:spillway:problem: and what kind of problem it is'),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    errors: z
      .array(z.object({ path: z.string().describe("Dotted; '' is the whole"), message: z.string() }))
      .describe('Where the request is wrong. Holds no value of it')
      .optional(),
  })
  .meta({
    id: 'Problem',
    description: 'A problem document (RFC 9457)',
    examples: [
      {
        type: 'urn:spillway:problem:not-valid',
        title: 'The request is not valid',
        status: 400,
        detail: 'nothing was kept',
        errors: [{ path: '1', message: 'must be an event: an object' }],
      },
    ],
  });

const index = aCount.describe('The position of the event, from 0');

export const anIndexedOutcome = z
  .union([...outcomeShapes.map((shape) => shape.extend({ index })), z.object({ problem: aProblem })])
  .meta({
    id: 'IndexedOutcome',
    description: 'An outcome with the position of its event; or, as the last line, what broke the body off',
    examples: [{ index: 0, ...exampleOutcome() }],
  });

export const aKeptCount = z
  .object({
    accepted: aCount.describe('New in the store'),
    duplicates: aCount.describe('Kept before, under the same messageId'),
    settled: aCount.describe('Of both: skipped or rejected before they are sent'),
  })
  .meta({ id: 'Kept', description: 'What was kept, durably' });

export const aWantedCount = aKeptCount
  .extend({ unwanted: aCount.describe('Left out on purpose: nothing is kept of them') })
  .meta({ id: 'KeptOfAll' });

const aHold = z.object({
  cause: z.enum(['suspended', 'unreachable', 'paced', 'throttled', 'disk', 'settings']),
  code: aReasonCode,
  since: isoTime.nullable(),
  until: isoTime.nullable().describe('null where only a person can end it'),
});

const ms = z.number().min(0);

export const aConnection = z
  .object({
    id: z.string(),
    destination: z.string(),
    state: z.enum(['open', 'suspended', 'held', 'starting']),
    suspended: z.array(
      z.object({ scope: z.string().describe('Left out where it is all').optional(), reason: aReason }),
    ),
    held: aHold.nullable().describe('Why nothing of the store leaves now'),
    circuitOpenUntil: isoTime.nullable(),
    failing: z
      .object({ events: aCount, partial: z.boolean() })
      .nullable()
      .describe('Events of the store that fail at every try; partial: while others succeed'),
    waiting: aCount.nullable().describe('Events in the store; null without one'),
    oldestMs: ms.nullable().describe('Age of the oldest that waits'),
    dead: aCount.nullable().describe('Dead letters'),
    perSecond: ms.nullable(),
    lastDelivered: isoTime.nullable(),
    outcomes: outcomes.describe('Since the service began'),
    reasons: reasons.describe('Of outcomes that have a reason'),
    requests: aCount,
    latencyMs: z.object({ p50: ms, p95: ms, p99: ms }).nullable().describe('Of the requests of the last two minutes'),
    lastError: z
      .object({
        at: isoTime,
        failure: z.enum(['http', 'network', 'timeout', 'crash']),
        status: z.int().nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Connection', description: 'What a connection is doing. Holds none of its settings' });

export const aDeadLetterHead = z
  .object({
    connection: z.string(),
    seq: aCount.describe('Its number in this connection'),
    id: z.string().describe("The event's messageId"),
    lanes: z.array(z.string()).optional(),
    acceptedAt: isoTime,
    diedAt: isoTime,
    outcome: z.enum(outcomeKinds),
    reason: aReason,
    attempts: aCount,
    configHash: z.string().describe("Tells the settings it was last tried with; '' where it was never tried"),
    trace: z.string().describe('The W3C traceparent of who sent it').optional(),
  })
  .meta({ id: 'DeadLetterHead', description: 'A dead letter without its event' });

export const aDeadLetter = aDeadLetterHead
  .extend({ event: z.looseObject({}).describe('As it was sent') })
  .meta({ id: 'DeadLetter', description: 'An event that was given up, and why' });

/** Which dead letters: all parts must hold. */
export const aDeadFilter = z.strictObject({
  reason: aReasonCode.optional(),
  since: isoTime.describe('Given up then, or later').optional(),
  seq: aCount.optional(),
});

export const reasonCounts = reasons.meta({ id: 'ReasonCounts' });

export const aMinute = z
  .object({
    at: isoTime.describe('Its beginning'),
    outcomes,
    requests: aCount,
    failed: aCount,
    p50: ms.nullable(),
    p95: ms.nullable(),
    p99: ms.nullable(),
  })
  .meta({ id: 'Minute', description: 'Of one minute; the percentiles are milliseconds of its requests' });

/** A whole number in a query. The meta is for the API description, where it would be a text otherwise. */
export const wholeNumber = (least: number, most: number): z.ZodType<number, string> =>
  z
    .string()
    .regex(/^\d{1,16}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most))
    .meta({ type: 'integer', minimum: least, maximum: most });

/** The same, with what holds where it is left out. */
export const wholeNumberOr = (usual: number, least: number, most: number): z.ZodType<number, string | undefined> =>
  wholeNumber(least, most).default(usual).meta({ default: usual });
