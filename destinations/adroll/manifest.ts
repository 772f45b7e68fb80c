import type { DestinationManifest } from '../../core/api/index.ts';

export const manifest: DestinationManifest = {
  slug: 'adroll',
  displayName: 'AdRoll',
  aliases: ['Adroll', 'AdRoll S2S', 'AdRoll Server-to-Server'],
  summary: 'Sends shopping, lead and page events to AdRoll, server to server.',
  stage: 'beta',
  reference: { url: 'https://apidocs.nextroll.com/server-to-server-api/reference.html', checkedOn: '2026-11-22' },
  accepts: ['track', 'page', 'screen'],
  hosts: ['srv.adroll.com'],
  // AdRoll recommends 100 (ADROLL-12). It documents no size; the bytes are our choice (ADROLL-13).
  limits: { maxItems: 100, maxBytes: 1_000_000, maxAgeMs: 1_000 },
  pace: { concurrency: 8, timeoutMs: 10_000 },
  // No event id: a second copy counts twice, except that order_id reconciles purchases (ADROLL-67).
  replay: 'tolerated',
  compression: 'gzip',
};
