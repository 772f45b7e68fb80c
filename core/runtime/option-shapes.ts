import { z } from 'zod';
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

  const retry = z.strictObject({
    attempts: whole.optional(),
    baseMs: wait.optional(),
    capMs: wait.optional(),
    retryAfterCapMs: wait.optional(),
    budget: z
      .union([z.literal(false), z.strictObject({ ratio: z.number().min(0), reserve: z.number().min(0) })])
      .optional(),
  });

  const eventLimits = z.strictObject({ maxBytes: whole.optional(), maxDepth: whole.optional() });

  const pace = z.strictObject({
    concurrency: whole.optional(),
    timeoutMs: whole.optional(),
    rate: makeRateSchema().optional(),
  });

  /** Of a folder, whose manifest may say any age. */
  const batchLimits = z.strictObject({
    maxItems: whole.optional(),
    maxBytes: whole.optional(),
    maxItemBytes: whole.optional(),
    maxAgeMs: z.number().min(0).optional(),
  });

  const connection = z.strictObject({
    id: z
      .string()
      .min(1)
      .optional()
      .meta({ title: 'Connection id', description: 'A name that `integrations` may use as well.' }),
    requiredConsent: z.array(z.string().min(1)).optional().meta({
      title: 'Required consent',
      description: 'Consent categories a person must have agreed to; without an answer, nothing is sent.',
    }),
    onAmbiguous: z.enum(['report', 'retry']).optional().meta({
      title: 'When the answer is lost',
      description: 'report: the event comes back as unknown; retry: it is sent again and may arrive twice.',
    }),
    retry: retry.optional().meta({ title: 'Retry', description: 'How patient the connection is.' }),
    // A host's own waits, this among them, are a day at most: more is a slip in the unit.
    limits: batchLimits
      .extend({ maxAgeMs: wait.optional() })
      .optional()
      .meta({ title: 'Batch limits', description: 'Lower than the vendor allows, never higher.' }),
    pace: pace.optional().meta({ title: 'Pace', description: 'Slower than the vendor allows, never faster.' }),
    subscribe: z.string().optional().meta({
      title: 'Subscription',
      description: "Which events are taken, such as type = 'track' and properties.total >= 10.",
    }),
    mapping: makeMappingShape().optional(),
  });

  /** What limitsFor() returns. */
  const limits = batchLimits.extend({ requestsPerDay: whole.optional() });
  return { connection, retry, eventLimits, pace, limits };
}
