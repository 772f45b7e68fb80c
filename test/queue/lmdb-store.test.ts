// Tests core/queue/lmdb/open-store.ts and core/queue/admin/shared-store.ts.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStore } from '../../core/queue/index.ts';
import { describeStore, type Engine } from '../support/queue/store-contract.ts';

async function onLmdb(isOther: boolean): Promise<Engine> {
  const root = await mkdtemp(path.join(tmpdir(), 'store-'));
  return {
    isDurable: true,
    async open(options) {
      const at = { path: path.join(root, 'store'), ...options };
      const host = await openStore(at);
      return { host, store: isOther ? await openStore({ ...at, share: true }) : host };
    },
    remove: () => rm(root, { recursive: true }),
  };
}

describeStore('LMDB', () => onLmdb(false));
describeStore('LMDB, asked from another process', () => onLmdb(true));
