/** Rokt in a process of its own: what it costs is not the sender's. Argument: the latency of its answers in ms. */
import { accountOf } from '../neighbours/vendors.ts';

const vendor = await accountOf('rokt').start({
  latencyMs: Number(process.argv[2]),
  now: () => performance.timeOrigin + performance.now(),
});
process.on('message', () => process.send?.(vendor.ledger.entries.map(({ id, at }) => ({ id, at }))));
process.on('disconnect', () => process.exit());
process.send?.(vendor.origin);
