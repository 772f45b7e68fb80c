import type { DestinationManifest } from 'spillway/api';

export const manifest: DestinationManifest = {
  slug: 'webhook',
  displayName: 'Webhook',
  aliases: ['Webhooks', 'HTTP'],
  summary: 'Sends events as they are to a URL of your own, one by one or as a JSON array, signed if you like.',
  stage: 'alpha',
  reference: {
    url: 'https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries',
    checkedOn: '2026-11-30',
  },
  accepts: ['track', 'identify', 'page', 'screen', 'group', 'alias'],
  hosts: 'origins',
  limits: { maxItems: 1_000, maxBytes: 1_000_000, maxAgeMs: 1_000 },
  pace: { concurrency: 16, timeoutMs: 15_000 },
  // The event carries its messageId, by which a receiver can know a second copy.
  replay: 'tolerated',
};
