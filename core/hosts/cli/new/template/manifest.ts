import type { DestinationManifest } from '../../../../api/index.ts';

export const manifest: DestinationManifest = {
  slug: 'template-vendor',
  displayName: 'Template Vendor',
  aliases: [],
  summary: 'Sends orders and carts to Template Vendor.',
  stage: 'alpha',
  // The vendor's page that this connector implements, and the day of the last comparison.
  reference: { url: 'https://api.template-vendor.example/', checkedOn: '2000-01-01' },
  accepts: ['track'],
  hosts: ['api.template-vendor.example'],
  // What the vendor documents; if it documents nothing, say here that the number is our choice.
  limits: { maxItems: 100, maxBytes: 1_000_000, maxAgeMs: 1_000 },
  pace: { concurrency: 4, timeoutMs: 10_000 },
  // What a second copy of an event does: deduplicated, tolerated or harmful. Decides what happens after a lost answer.
  replay: 'tolerated',
};
