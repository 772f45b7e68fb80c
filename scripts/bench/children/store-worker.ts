/** Delivers from a store on a broker to a vendor in this process, as often as it is told to. */
import { workFor } from '../../../core/queue/index.ts';
import { openJetStreamStore } from '../../../core/queue/jetstream/index.ts';
import { connect } from '../connect.ts';
import { takeEveryCore } from '../cores.ts';
import { InstantVendor } from '../instant-vendor.ts';
import { id } from '../stores/delivery-store.ts';
import { subjects, type Subject } from '../subjects.ts';

/** What it did until nothing waited any more. */
export interface Delivered {
  readonly events: number;
  readonly cpuUs: number;
  /** Epoch ms of the last request. */
  readonly lastAt: number;
}

class TimedVendor extends InstantVendor {
  lastAt = 0;
  override dispatch(...request: Parameters<InstantVendor['dispatch']>): boolean {
    this.lastAt = Date.now();
    return super.dispatch(...request);
  }
}

takeEveryCore();
const [url = ''] = process.argv.slice(2);
const subject = subjects[0] as Subject;
const vendor = new TimedVendor(subject);
const { connection } = connect(subject, { dispatcher: vendor });
const store = await openJetStreamStore({ url });
process.on('message', () => {
  const cpu = process.cpuUsage();
  const worker = store.work(connection, { id, ...workFor(subject.destination.manifest) });
  void worker.idle().then(async () => {
    const { user, system } = process.cpuUsage(cpu);
    const { delivered } = worker.counts();
    process.send?.({ events: delivered, cpuUs: user + system, lastAt: vendor.lastAt } satisfies Delivered);
    await worker.stop(0);
  });
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
