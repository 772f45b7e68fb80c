import { isIP } from 'node:net';
import { z } from 'zod';
import { eventTypes } from '../api/event.ts';
import { makeRateSchema } from '../api/rate-schema.ts';

const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a day, YYYY-MM-DD');
/** A host name in the spelling of a URL; the wire refuses addresses. */
const host = z
  .hostname()
  .lowercase('must be lower-case')
  .refine((name) => isIP(name) === 0, 'must be a name, not an address');
const whole = z.number().int().min(1);

/** The schema of a manifest, checked when its folder is loaded. */
export const manifestSchema = z.strictObject({
  slug: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must be kebab-case'),
  displayName: z.string().min(1),
  aliases: z.array(z.string().min(1)),
  summary: z.string().min(1),
  stage: z.enum(['alpha', 'beta', 'stable', 'retired']),
  reference: z.strictObject({ url: z.url(), checkedOn: day }),
  accepts: z.array(z.enum(eventTypes)).min(1),
  hosts: z.literal('origins').or(z.array(host).min(1)),
  limits: z.strictObject({
    maxItems: whole,
    maxBytes: whole,
    maxItemBytes: whole.optional(),
    maxAgeMs: z.number().min(0),
  }),
  pace: z.strictObject({
    concurrency: whole,
    timeoutMs: whole,
    rate: makeRateSchema().optional(),
  }),
  replay: z.enum(['deduplicated', 'tolerated', 'harmful']),
  maxReplyBytes: whole.max(64 * 1024 * 1024).optional(),
  compression: z.literal('gzip').optional(),
  maxQueueAgeMs: whole.optional(),
  laneOrder: z.literal('eventTime').optional(),
});
