// Tests core/queue/store.ts and core/queue/claim-store.ts.
import { ClaimStore } from '../../core/queue/claim-store.ts';
import { MemoryQueue } from '../support/queue/memory-queue.ts';
import { describeStore, type Engine } from '../support/queue/store-contract.ts';

const here = { pid: process.pid, host: 'here', startedAt: new Date().toISOString() };

describeStore('memory', () =>
  Promise.resolve<Engine>({
    isDurable: false,
    open({ maxBytes } = {}) {
      const store = new ClaimStore(new MemoryQueue(maxBytes), {
        promises: { atomicPut: true, dedup: 'event' },
        process: here,
        now: Date.now,
      });
      return Promise.resolve({ host: store, store });
    },
    remove: () => Promise.resolve(),
  }),
);
