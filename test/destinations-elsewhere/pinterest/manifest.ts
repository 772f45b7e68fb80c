import type { DestinationManifest } from 'spillway/api';

export const manifest: DestinationManifest = {
  slug: 'pinterest',
  displayName: 'Pinterest',
  aliases: ['Pinterest Conversions API', 'Pinterest API for Conversions'],
  summary: 'Sends conversions to Pinterest through its Conversions API (v5).',
  stage: 'alpha',
  reference: { url: 'https://developers.pinterest.com/docs/api/v5/events-create/', checkedOn: '2026-11-30' },
  accepts: ['track', 'page', 'screen'],
  hosts: ['api.pinterest.com'],
  // 1,000 events (PINTEREST-03); the bytes are our choice. 5,000 calls a minute and ad account (PINTEREST-04).
  limits: { maxItems: 1_000, maxBytes: 2_000_000, maxAgeMs: 1_000 },
  pace: { concurrency: 8, timeoutMs: 15_000, rate: { permits: 5_000, perMs: 60_000, cost: 'request' } },
  // event_id finds duplicates between the tag and the API; of two copies by the API nothing is said (PINTEREST-05).
  replay: 'tolerated',
  maxReplyBytes: 1_000_000,
};
