import { z } from '../../api/index.ts';
import { isCanonicalEventName } from './events.ts';

const ruleTitle = z.string().min(10, 'must be a sentence');
const jsonObject = z.record(z.string(), z.unknown());
const kebab = z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'must be in kebab-case');
const day = z.iso.date('must be a day, YYYY-MM-DD');

/** An event in full, or a canonical one with some paths set and some removed. */
const caseEvent = z.union([
  z.strictObject({
    base: z.string().refine(isCanonicalEventName, 'is not the name of a canonical event: `spillway events` lists them'),
    with: jsonObject.optional(),
    without: z.array(z.string()).optional(),
  }),
  jsonObject.refine((event) => typeof event['type'] === 'string', 'must have a "base" or be an event with a "type"'),
]);

/**
 * One statement about a vendor: with these settings, events and replies, exactly these requests and outcomes result.
 */
export const caseFormat = z.strictObject({
  title: ruleTitle,
  /** The house promises start from this case. */
  base: z.literal(true, 'is true or left out').optional(),
  config: jsonObject,
  /** ConnectionOptions. */
  options: jsonObject.optional(),
  now: z.iso.datetime({ offset: true }).default('2026-01-15T12:00:00.000Z'),
  events: z.array(caseEvent).min(1, 'must hold at least one event'),
  /** File names in contract/replies without .json: one per request, in the order of the requests. */
  replies: z.array(kebab),
  /** Left out only if the case is about outcomes alone. */
  requests: z
    .array(
      z.strictObject({
        method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
        url: z.url(),
        headers: z.record(z.string().regex(/^[a-z0-9-]+$/, 'must be a lower-case header name'), z.string()),
        body: z.unknown().optional(),
      }),
    )
    .optional(),
  /** One per event, in order; compared as a subset, so write only what matters. */
  outcomes: z.array(
    z.looseObject({ kind: z.enum(['delivered', 'skipped', 'rejected', 'deferred', 'suspended', 'unknown']) }),
  ),
});

/** A case that is still to be written: what is missing, and the rest as far as it is known. It is not run. */
export const todoFormat = caseFormat.partial().extend({
  title: ruleTitle,
  todo: z.string().trim().min(1, 'must say what is to be done'),
});

const provenance = {
  /**
   * Where the answer comes from: the vendor's documents, a sandbox, production, or our own policy where nothing is
   * documented.
   */
  source: z.enum(['docs', 'sandbox', 'production', 'policy']),
  recordedOn: day,
};

/** A vendor's answer, or the fault in its place. */
export const replyFormat = z.union([
  z
    .strictObject({
      status: z.int().min(200).max(599),
      headers: z.record(z.string(), z.string()).default({}),
      body: z.unknown().optional(),
      /**
       * Where the vendor says that this refusal is about the whole request and never about one event of it, so that it
       * is not split. Without a body it holds for the status, whatever the words; with one, for this answer.
       */
      wholeRequest: z.string().trim().min(10, 'must say where the vendor says so').optional(),
      ...provenance,
    })
    .refine(
      ({ wholeRequest, status }) => wholeRequest === undefined || (status >= 400 && status < 500 && status !== 413),
      {
        path: ['wholeRequest'],
        error: 'is for a 4xx, and not for a 413, which asks for smaller requests',
      },
    )
    .refine(({ wholeRequest, source }) => wholeRequest === undefined || source !== 'policy', {
      path: ['wholeRequest'],
      error: 'is what the vendor says: its source cannot be "policy"',
    }),
  z.strictObject({ fault: z.enum(['reset', 'timeout', 'refused']), ...provenance }),
]);

export type ContractCase = z.output<typeof caseFormat>;
export type ContractReply = z.output<typeof replyFormat>;
export type CaseEvent = z.output<typeof caseEvent>;
