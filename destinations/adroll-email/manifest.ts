import type { DestinationManifest } from '../../core/api/index.ts';

export const manifest: DestinationManifest = {
  slug: 'adroll-email',
  displayName: 'AdRoll Email',
  aliases: ['AdRoll Email API', 'SendRoll', 'AdRoll SendRoll'],
  summary: 'Tells AdRoll Email (SendRoll) who has unsubscribed.',
  stage: 'beta',
  reference: { url: 'https://apidocs.nextroll.com/email-api/reference.html', checkedOn: '2026-11-22' },
  accepts: ['track', 'identify'],
  hosts: ['services.adroll.com'],
  // No size is documented, so all limits are ours (ADEMAIL-19). Requests count against a daily quota (ADEMAIL-15), so
  // batches wait long to fill, but only half of the minute that stream() allows an event.
  limits: { maxItems: 1_000, maxBytes: 500_000, maxAgeMs: 30_000 },
  pace: { concurrency: 2, timeoutMs: 20_000 },
  // Unsubscribing twice has no further effect (ADEMAIL-24).
  replay: 'deduplicated',
};
