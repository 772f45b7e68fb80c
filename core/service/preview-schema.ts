import { z } from '../index.ts';
import { aNote, aReason } from './schemas.ts';

/** What a preview answers, and how a request for one looks. */

const paths = z.array(z.string());

const aRow = z.object({
  target: z.string().describe("The event's path"),
  from: paths.describe('The paths that it came from'),
  row: z.string().describe('Where the row stands in the options'),
});

const aMappingTrace = z.object({
  mapped: z.array(aRow),
  nothing: z.array(aRow).describe('They yielded nothing: their targets are as the event has them'),
  unfit: z.array(aRow.extend({ reason: z.string() })),
  removed: paths,
});

const aType = z.enum(['bool', 'number', 'string', 'list', 'object', 'null', 'missing']);

const aFailedPart = z.object({
  at: z.object({ line: z.int(), column: z.int() }),
  text: z.string().describe('Of the query'),
  left: aType,
  right: aType,
  isAlike: z.literal(true).optional(),
});

const aRequest = z.object({
  kind: z.literal('request'),
  request: z.object({
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
    url: z.string(),
    headers: z.record(z.string(), z.string()).describe('Credentials are masked'),
    body: z.string().describe('Before compression'),
    compress: z.literal('gzip').optional(),
  }),
  fields: z
    .array(z.object({ field: z.string(), source: z.string(), mappedFrom: paths.optional() }))
    .describe("The event's path that each field of the payload came from"),
  notes: z.array(aNote),
  group: z.string().optional(),
  lanes: paths.optional(),
  scopes: paths.optional(),
  mapping: aMappingTrace
    .extend({
      unread: paths.describe('What it wrote and the vendor did not take up'),
      absent: paths.describe('What it was to remove and the event does not have'),
    })
    .optional(),
  unread: paths.describe('What the event has and nothing took up'),
});

const nothingSent = z.object({
  kind: z.enum(['skipped', 'rejected']),
  stage: z.enum(['gate', 'subscribe', 'mapping', 'prepareEvent', 'validate', 'transform', 'encode']),
  reason: aReason,
  failed: z.array(aFailedPart).describe('The parts of the subscription that are false for the event').optional(),
  mapping: aMappingTrace.optional(),
});

export const aPreview = z.union([aRequest, nothingSent]).meta({
  id: 'Preview',
  description: 'What would be sent for an event and where it comes from; or why nothing would',
});
