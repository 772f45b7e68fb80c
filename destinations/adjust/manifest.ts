import type { DestinationManifest } from '../../core/api/index.ts';

export const manifest: DestinationManifest = {
  slug: 'adjust',
  displayName: 'Adjust',
  aliases: ['adj', 'Adjust S2S'],
  summary: 'Reports in-app events and revenue to Adjust, server to server.',
  stage: 'beta',
  reference: { url: 'https://dev.adjust.com/en/api/s2s-api/events', checkedOn: '2026-11-22' },
  accepts: ['track'],
  hosts: ['s2s.adjust.com'],
  // One event a request (ADJUST-04), 1 MB (ADJUST-24). The age is how long stream() waits to put a device's events in
  // order.
  limits: { maxItems: 1, maxBytes: 1_000_000, maxAgeMs: 200 },
  pace: { concurrency: 32, timeoutMs: 10_000 },
  // Adjust counts an event as often as it arrives (ADJUST-23).
  replay: 'harmful',
  // Adjust takes events for 28 days (ADJUST-33). After that they are stale, whatever a queue thinks.
  maxQueueAgeMs: 28 * 86_400_000,
  laneOrder: 'eventTime',
};
