import { z } from '../index.ts';
import { aCount } from './schemas.ts';

/** What the catalogue answers. */

const aJsonSchema = z.record(z.string(), z.unknown()).meta({
  id: 'JsonSchema',
  description: 'JSON Schema 2020-12. A secret has `secret: true`',
});

const aManifest = z
  .object({
    slug: z.string(),
    displayName: z.string(),
    aliases: z.array(z.string()),
    summary: z.string(),
    stage: z.enum(['alpha', 'beta', 'stable', 'retired']),
    reference: z.object({ url: z.string(), checkedOn: z.string() }).describe("The vendor's page that it follows"),
    accepts: z.array(z.enum(['track', 'identify', 'page', 'screen', 'group', 'alias'])),
    hosts: z.union([z.array(z.string()), z.literal('origins')]).describe('The only ones that it reaches'),
    limits: z.object({ maxItems: aCount, maxBytes: aCount, maxItemBytes: aCount.optional(), maxAgeMs: aCount }),
    pace: z.object({
      concurrency: aCount,
      timeoutMs: aCount,
      rate: z
        .object({ permits: aCount, perMs: aCount, cost: z.enum(['request', 'item']), burst: aCount.optional() })
        .optional(),
    }),
    replay: z.enum(['deduplicated', 'tolerated', 'harmful']).describe('What a second copy of an event does'),
    maxReplyBytes: aCount.optional(),
    compression: z.literal('gzip').optional(),
    maxQueueAgeMs: aCount.optional(),
    laneOrder: z.literal('eventTime').optional(),
  })
  .meta({ id: 'Manifest', description: 'What the destination is. Times are milliseconds' });

const anOperation = z
  .object({
    name: z.string(),
    summary: z.string(),
    method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
    path: z.string(),
    inputSchema: aJsonSchema,
    idempotent: z.boolean(),
    confirm: z.string().describe('A question: the operation needs `confirm: true`').optional(),
    errors: z.array(z.object({ status: z.array(z.int()), message: z.string().optional() })),
    events: z.boolean().describe('Whether the reply can be read as events'),
  })
  .meta({ id: 'Operation' });

export const aDestination = z
  .object({
    manifest: aManifest,
    configSchema: aJsonSchema,
    optionsSchema: aJsonSchema,
    operations: z.array(anOperation),
    check: z.union([
      z.object({ kind: z.literal('request'), proves: z.string() }),
      z.object({ kind: z.literal('unsupported'), message: z.string() }),
    ]),
  })
  .meta({
    id: 'Destination',
    description: 'A destination with the JSON Schemas of its settings, options and operations',
  });
