import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  errorTable,
  createRuntime,
  decide,
  defineDestination,
  payload,
  propertiesOf,
  z,
  type CdpEvent,
  type JsonObject,
} from '../../../core/index.ts';

/** Prints what it costs to mask a thousand different texts about a thousand payloads. */
export async function printMaskingCost(): Promise<void> {
  for (const round of ['cold', 'warm', 'warm']) {
    const silent = await refuse(1_000, false);
    const wordy = await refuse(1_000, true);
    console.log(
      `1,000 payloads, 1,000 different texts (${round}): ${(wordy.ms - silent.ms).toFixed(0)} ms more than without ` +
        `(${wordy.ms.toFixed(0)} ms, ${silent.ms.toFixed(0)} ms); longest block ${wordy.longestMs.toFixed(1)} ms ` +
        `(${silent.longestMs.toFixed(1)} ms); ${wordy.details} details`,
    );
  }
}

/** A thousand events in one request, each refused with words of its own, or without words. */
async function refuse(count: number, saying: boolean) {
  const wordy = defineDestination({
    manifest: {
      slug: 'wordy',
      displayName: 'Wordy',
      aliases: [],
      summary: 'A vendor that has a word for each event',
      stage: 'alpha',
      reference: { url: 'https://vendor.example', checkedOn: '2026-01-01' },
      accepts: ['track'],
      hosts: ['api.vendor.example'],
      limits: { maxItems: count, maxBytes: 8_000_000, maxAgeMs: 1_000 },
      pace: { concurrency: 1, timeoutMs: 10_000 },
      replay: 'tolerated',
    },
    config: z.object({ token: z.string().meta({ secret: true }) }),
    transform: (event) => payload(propertiesOf(event)),
    request: () => ({ method: 'POST', url: 'https://api.vendor.example/events', headers: {} }),
    response: {
      ...errorTable<JsonObject>(),
      readReply: (_, batch) =>
        batch.items.map(({ payload: made }, n) =>
          decide(
            'reject',
            'vendor_rejected',
            'Wordy refused the event',
            saying
              ? {
                  vendorMessage: wordsAbout(n, JSON.stringify(made['email']), JSON.stringify(made['name'])),
                }
              : {},
          ),
        ),
    },
  });
  const server = createServer((request, response) => request.resume().on('end', () => response.end('{}')));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const runtime = createRuntime({ destinations: [wordy], origins: { wordy: origin } });
  const opened = runtime.open('wordy', { token: 'token-0123456789' });
  if (opened.kind === 'invalid') throw new Error('the settings are refused');
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedAt = performance.now();
  const outcomes = await opened.connection.deliver(Array.from({ length: count }, (_, n) => orderOf(n)));
  const ms = performance.now() - startedAt;
  delay.disable();
  await runtime.close();
  server.close();
  const details = new Set(outcomes.map((outcome) => ('reason' in outcome ? outcome.reason.detail : undefined)));
  return { ms, longestMs: delay.max / 1e6, details: details.size };
}

const wordsAbout = (n: number, email: string, name: string): string =>
  `{"code":2,"message":"Item ${n}: ${email.slice(1, -1)} of ${name.slice(1, -1)} has no order \\/order-${n}"}`;

const orderOf = (n: number): CdpEvent => ({
  type: 'track',
  event: 'Order Completed',
  messageId: `m-${n}`,
  properties: {
    email: `anna.muster${n}@example.com`,
    name: `Anna${n} Müster${n}`,
    order_id: `order-${n}`,
    total: n + 0.5,
    url: `https://shop.example/p/${n}?user=anna${n}`,
    products: [1, 2, 3, 4].map((m) => ({ sku: `SKU-${n}-${m}`, name: `Tent ${n} ${m}`, price: n + m, quantity: m })),
  },
});
