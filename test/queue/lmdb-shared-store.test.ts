// Tests core/queue/admin/shared-store.ts, core/queue/admin/client.ts and core/queue/lmdb/open-store.ts.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { reachOwner } from '../../core/queue/admin/client.ts';
import { SharedStore } from '../../core/queue/admin/shared-store.ts';
import {
  isStoreLost,
  openStore,
  OtherSettings,
  type DeliveryStore,
  type EmbeddedStore,
} from '../../core/queue/index.ts';
import { lmdbPromises } from '../../core/queue/lmdb/lmdb-store.ts';
import { track } from '../support/runtime/test-connection.ts';

let at: { readonly path: string };
let opened: DeliveryStore[];
beforeEach(async () => {
  at = { path: await mkdtemp(path.join(tmpdir(), 'shared-store-')) };
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((store) => store.close()));
  await rm(at.path, { recursive: true });
});
async function open(): Promise<EmbeddedStore> {
  const store = await openStore(at);
  opened.push(store);
  return store;
}
const put = (store: DeliveryStore, id: string, connection: string | { id: string; destination: string } = 'shop') =>
  store.put([{ connection, events: [{ id, event: track(id), acceptedAt: 1_000 }] }]);

describe('F-96 a store that is shared', () => {
  it('opens nothing any more once it is closed', async () => {
    const owner = await open();
    const shared = await openStore({ ...at, share: true });
    await shared.close();
    await owner.close();
    const error = await put(shared, 'a').catch((caught: unknown) => caught);
    expect(isStoreLost(error)).toBe(true);
    expect((await (await open()).status()).connections).toEqual([]);
  });

  it('closes what it opens in place of an owner that ended, also while it does', async () => {
    const owner = await open();
    const client = await reachOwner(at.path, lmdbPromises);
    let letGo = (): void => undefined;
    const gate = new Promise<void>((resolve) => (letGo = resolve));
    let begun = (): void => undefined;
    const asked = new Promise<void>((resolve) => (begun = resolve));
    const shared = new SharedStore(client!, async () => {
      begun();
      await gate;
      return openStore(at);
    });
    await owner.close();
    const lost = put(shared, 'a').catch((caught: unknown) => caught);
    await asked;
    const closing = shared.close();
    letGo();
    await closing;
    expect((await (await open()).status()).processes).toMatchObject([{ isHere: true }]);
    expect(isStoreLost(await lost)).toBe(true);
  });

  it('is asked for again where the last try found nobody, and nothing was sent', async () => {
    const owner = await open();
    const client = await reachOwner(at.path, lmdbPromises);
    let tries = 0;
    const shared = new SharedStore(client!, () => {
      tries += 1;
      return tries === 1 ? Promise.reject(new Error('busy')) : open();
    });
    await owner.close();
    await expect(shared.requeue('shop')).rejects.toThrow('busy');
    expect(await shared.requeue('shop')).toBe(0);
    expect(tries).toBe(2);
  });

  it('is waited for without an end where that is what the caller wants', async () => {
    const owner = await open();
    const next = openStore({ ...at, waitMs: Infinity });
    await new Promise((resolve) => void setTimeout(resolve, 300));
    await owner.close();
    opened.push(await next);
  });
});

describe('F-93 events for two destinations under one id', () => {
  const adjust = { id: 'shop', destination: 'adjust' };
  const rokt = { id: 'shop', destination: 'rokt' };

  it('are refused where those of the other one are on their way to the disk', async () => {
    const store = await open();
    const first = put(store, 'a', adjust);
    await expect(put(store, 'b', rokt)).rejects.toBeInstanceOf(OtherSettings);
    expect(await first).toEqual([{ accepted: 1, duplicates: 0 }]);
    expect((await store.status()).connections).toMatchObject([{ waiting: 1, registered: { destination: 'adjust' } }]);
  });

  it('are told apart also after a purge that met some on their way to the disk', async () => {
    const store = await open();
    const arriving = put(store, 'a', adjust);
    expect(await store.purge('shop')).toBe(0);
    await arriving;
    await expect(put(store, 'b', rokt)).rejects.toBeInstanceOf(OtherSettings);
  });

  it('are refused in one call, of which nothing is kept', async () => {
    const store = await open();
    const events = [{ id: 'a', event: track('a'), acceptedAt: 1_000 }];
    const puts = [
      { connection: adjust, events },
      { connection: rokt, events: [{ ...events[0]!, id: 'b' }] },
    ];
    await expect(store.put(puts)).rejects.toBeInstanceOf(OtherSettings);
    expect((await store.status()).connections).toMatchObject([{ waiting: 0 }]);
    // Their ids are free again.
    expect(await store.put([puts[0]!])).toEqual([{ accepted: 1, duplicates: 0 }]);
  });
});
