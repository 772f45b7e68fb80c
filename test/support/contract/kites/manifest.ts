import type { DestinationManifest } from '../../../../core/api/index.ts';

export const manifest: DestinationManifest = {
  slug: 'kites',
  displayName: 'Kites',
  aliases: [],
  summary: 'Sends purchases to a vendor that does not exist.',
  stage: 'stable',
  reference: { url: 'https://kites.example.com/docs', checkedOn: '2026-11-22' },
  accepts: ['track'],
  hosts: ['api.kites.example.com'],
  limits: { maxItems: 10, maxBytes: 20_000, maxAgeMs: 1000 },
  pace: { concurrency: 4, timeoutMs: 5000 },
  replay: 'tolerated',
};
