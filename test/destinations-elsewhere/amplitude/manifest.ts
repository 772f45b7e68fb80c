import type { DestinationManifest } from 'spillway/api';

export const manifest: DestinationManifest = {
  slug: 'amplitude',
  displayName: 'Amplitude',
  aliases: ['AM', 'Amplitude Analytics'],
  summary: 'Sends events, people and groups to Amplitude, server to server.',
  stage: 'beta',
  reference: { url: 'https://amplitude.com/docs/apis/analytics/http-v2', checkedOn: '2026-11-30' },
  accepts: ['track', 'page', 'screen', 'identify', 'group'],
  hosts: ['api2.amplitude.com', 'api.eu.amplitude.com'],
  // Amplitude takes 2,000 events and 1 MB. A request of half as many is retried for half as many.
  limits: { maxItems: 1_000, maxBytes: 1_000_000, maxAgeMs: 1_000 },
  pace: { concurrency: 8, timeoutMs: 10_000 },
  // By insert_id, for seven days: longer than a queue keeps an event.
  replay: 'deduplicated',
};
