import type { DestinationManifest } from '../../../core/api/index.ts';

export const manifest: DestinationManifest = {
  slug: 'lighthouse',
  displayName: 'Lighthouse',
  aliases: [],
  summary: 'Sends orders and carts to the campaigns of a Lighthouse account.',
  stage: 'alpha',
  reference: { url: 'https://docs.lighthouse.example/orders', checkedOn: '2026-11-22' },
  accepts: ['track'],
  hosts: ['ingest.lighthouse.example'],
  limits: { maxItems: 100, maxBytes: 1_000_000, maxAgeMs: 1_000 },
  pace: { concurrency: 4, timeoutMs: 10_000, rate: { permits: 50, perMs: 1_000, cost: 'request' } },
  // Lighthouse counts one `id` once.
  replay: 'deduplicated',
};
