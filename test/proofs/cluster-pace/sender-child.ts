/**
 * A process that sends conversions to Rokt, and shares the account's rate with others by a broker. Arguments: a name,
 * the vendor's origin, the store, and whether it sends in bulk. It begins when it is told to, and ends when it is told
 * so.
 */
import { createRuntime, loadDestinations, type CdpEvent, type Signal } from '../../../core/index.ts';
import { openJetStreamStore } from '../../../core/queue/jetstream/index.ts';
import { canonicalEvents } from '../../../core/testing/index.ts';
import { accountOf } from '../neighbours/vendors.ts';
import { destinationsFolder } from '../repository.ts';

/** What a sender did. */
export interface SenderReport {
  readonly sent: number;
  readonly delivered: number;
  readonly defects: readonly string[];
  readonly departures: readonly Departure[];
}

/** A request as it left: what of its time at the vendor is the way there shows in the difference. */
export interface Departure {
  /** Epoch ms, with parts. */
  readonly at: number;
  readonly conversions: number;
}

/** Full requests, in bulk. */
const atOnce = 180;
const [name = '', origin = '', url = '', bulk] = process.argv.slice(2);
const defects: string[] = [];
const departures: Departure[] = [];
const store = openJetStreamStore({ url });
const runtime = createRuntime({
  destinations: await loadDestinations(destinationsFolder),
  origins: { rokt: origin },
  // As on the command line: connections are open before the store.
  sharedRates: store.then(({ rateLimiter }) => rateLimiter),
  onSignal(signal: Signal) {
    if (signal.kind === 'request_finished')
      departures.push({ at: performance.timeOrigin + performance.now() - signal.ms, conversions: signal.items });
    if (signal.kind === 'defect') defects.push(`${signal.where}: ${String(signal.error)}`);
  },
});
const opened = runtime.open('rokt', { ...accountOf('rokt').config, bulk: bulk === 'true' });
if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
const { connection } = opened;
await store;

let isOver = false;
let [sent, delivered] = [0, 0];

const order = (id: string): CdpEvent => {
  const { properties, ...event } = canonicalEvents['order-completed-web'];
  return { ...event, messageId: id, properties: { ...properties, order_id: id } } as CdpEvent;
};

async function send(): Promise<void> {
  while (!isOver) {
    const orders = Array.from({ length: atOnce }, (_, n) => order(`${name}-${sent + n}`));
    sent += atOnce;
    const outcomes = await connection.deliver(orders, { withinMs: 60_000 });
    delivered += outcomes.filter(({ kind }) => kind === 'delivered').length;
  }
}

process.on('message', (message: 'begin' | 'end') => {
  if (message === 'end') {
    isOver = true;
    return;
  }
  void Promise.all([send(), send()]).then(async () => {
    await runtime.close();
    await (await store).close();
    process.send?.({ sent, delivered, defects, departures } satisfies SenderReport);
    process.disconnect();
  });
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
