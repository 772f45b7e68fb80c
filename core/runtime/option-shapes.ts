import { z } from 'zod';
import { choice, setting } from '../api/config.ts';
import { makeRateSchema } from '../api/rate-schema.ts';
import { makeMappingShape } from '../mapping/mapping-shape.ts';

export type OptionShapes = ReturnType<typeof makeShapes>;

let shapes: OptionShapes | undefined;

/**
 * The schemas of options, of a connection and of a host program, and of what a folder says of them. They are made when
 * one is first needed, because that takes ten milliseconds, and most processes need none.
 */
export const optionShapes = (): OptionShapes => (shapes ??= makeShapes());

function makeShapes() {
  const wait = z.number().min(0).max(86_400_000);
  const whole = z.number().int().min(1);

  const budget = z.union([
    setting(z.literal(false), 'None', 'Nothing bounds retries but the attempts.'),
    setting(
      z.strictObject({
        ratio: setting(z.number().min(0), 'Per success', 'Retries that each delivered request earns, such as 0.2.'),
        reserve: setting(z.number().min(0), 'Reserve', 'Retries that are there from the start.'),
      }),
      'Budget',
      'Retries per success, on top of a reserve.',
    ),
  ]);

  const retry = z.strictObject({
    attempts: setting(whole.optional(), 'Attempts', 'The most failed attempts; throttling is none.'),
    baseMs: setting(wait.optional(), 'First back-off', 'In milliseconds; each further one doubles.'),
    capMs: setting(wait.optional(), 'Longest back-off', 'In milliseconds.'),
    retryAfterCapMs: setting(wait.optional(), 'Longest asked wait', 'The longest that a vendor can ask for, in ms.'),
    budget: setting(budget.optional(), 'Retry budget', 'Keeps retries from multiplying the load in an outage.'),
  });

  const eventLimits = z.strictObject({ maxBytes: whole.optional(), maxDepth: whole.optional() });

  const pace = z.strictObject({
    concurrency: setting(whole.optional(), 'Requests at once', 'Requests in flight at a time.'),
    timeoutMs: setting(whole.optional(), 'Time limit', 'From the start of a request to the end of its answer, in ms.'),
    rate: setting(makeRateSchema().optional(), 'Rate', 'How much may leave within any window of time.'),
  });

  /** Of a folder, whose manifest may say any age. */
  const batchLimits = z.strictObject({
    maxItems: setting(whole.optional(), 'Events in a request', 'The most events of one request.'),
    maxBytes: setting(whole.optional(), 'Size of a request', 'The most bytes of its body, before compression.'),
    maxItemBytes: setting(
      whole.optional(),
      'Size of an event',
      'The most bytes of one event; a larger one is rejected.',
    ),
    maxAgeMs: z.number().min(0).optional(),
  });
  const maxAgeMs = setting(
    wait.optional(),
    'Age of a batch',
    'How long a stream may hold one that is not full, in ms.',
  );

  const connection = z.strictObject({
    id: setting(
      z.string().min(1).optional(),
      'Connection id',
      'A name of its own, which `integrations` of an event may use. Default: that of the destination.',
    ),
    requiredConsent: setting(
      z.array(setting(z.string().min(1), 'Category', 'As the consent tool names it.')).optional(),
      'Required consent',
      'Consent categories a person must have agreed to; without an answer, nothing is sent.',
    ),
    onAmbiguous: setting(
      choice({
        report: 'The event comes back as unknown',
        retry: 'It is sent again, and may arrive twice',
      }).optional(),
      'When the answer is lost',
      'Default: report where a repeat does harm, else retry.',
    ),
    retry: setting(retry.optional(), 'Retry', 'How patient the connection is.'),
    // A host's own waits, this among them, are a day at most: more is a slip in the unit.
    limits: setting(
      batchLimits.extend({ maxAgeMs }).optional(),
      'Batch limits',
      'Lower than the vendor allows, never higher.',
    ),
    pace: setting(pace.optional(), 'Pace', 'Slower than the vendor allows, never faster.'),
    subscribe: setting(
      z.string().optional(),
      'Subscription',
      "Which events are taken: a query, such as type = 'track' and properties.total >= 10. " +
        'Without one, all are. What it does not ask for is skipped.',
    ),
    mapping: makeMappingShape().optional(),
  });

  /** What limitsFor() returns. */
  const limits = batchLimits.extend({ requestsPerDay: whole.optional() });
  return { connection, retry, eventLimits, pace, limits };
}
