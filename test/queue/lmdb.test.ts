// Tests core/queue/lmdb/lmdb-queue.ts, with the contract of core/queue/queue.ts.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import { describeQueue, type Store } from '../support/queue/contract.ts';

async function store(): Promise<Store> {
  const folder = await mkdtemp(path.join(tmpdir(), 'queue-'));
  const clock = { now: 1_000 };
  return {
    clock,
    open: (options = {}) => openQueue({ path: path.join(folder, 'store'), now: () => clock.now, ...options }),
    remove: () => rm(folder, { recursive: true }),
  };
}

describeQueue('LMDB', store);
