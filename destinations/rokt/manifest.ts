import type { DestinationManifest } from '../../core/api/index.ts';

/**
 * Limits and pace are the vendor's own (ROKT-43, ROKT-44, ROKT-51); 256 000 bytes is safe whichever way "256kb" is
 * read. Rokt counts its 270 batches a second on its own clock, so the pace is even, with 3 % of slack for requests that
 * take different times to arrive: 256 a second. 64 requests under way keep it up where an answer takes 250 ms.
 */
export const manifest: DestinationManifest = {
  slug: 'rokt',
  displayName: 'Rokt',
  aliases: ['Rokt Conversions', 'Rokt Conversions API', 'rokt-capi', 'Rokt Event API'],
  summary: 'Sends conversions to Rokt through its Event API, which mParticle runs.',
  stage: 'beta',
  reference: {
    url: 'https://docs.rokt.com/developers/integration-guides/getting-started/advertisers/ads-api-integration',
    checkedOn: '2026-11-22',
  },
  accepts: ['track'],
  hosts: ['s2s.us1.mparticle.com', 's2s.us2.mparticle.com', 's2s.eu1.mparticle.com', 's2s.au1.mparticle.com'],
  limits: { maxItems: 100, maxBytes: 256_000, maxAgeMs: 1_000 },
  pace: { concurrency: 64, timeoutMs: 10_000, rate: { permits: 270, perMs: 1_030, cost: 'item', burst: 6 } },
  replay: 'tolerated',
};
