import { mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { afterAll, describe, expect, test } from '@jest/globals';
import { openRoster } from '../../core/hosts/cli/queue/roster.ts';
import { createWorkspace } from '../support/cli/workspace.ts';

const workspace = createWorkspace();
afterAll(workspace.remove);
let stores = 0;
function freshStore(): string {
  const store = workspace.at(`store-${++stores}`);
  mkdirSync(store);
  return store;
}
const phones = { destination: 'adjust', lanes: true };
const shop = { destination: 'mailbox', lanes: false };

describe('the roster of a store that several commands use at once', () => {
  test('keeps what each of them wrote', () => {
    const store = freshStore();
    const [one, other] = [openRoster(store), openRoster(store)];
    one.enrol('phones', { ...phones, settings: 'a' });
    other.enrol('shop', { ...shop, settings: 'b' });
    other.enrol('phones', { destination: 'adjust', lanes: false });
    expect(openRoster(store).of('phones')).toEqual({ ...phones, settings: 'a' });
    expect(openRoster(store).of('shop')).toEqual({ ...shop, settings: 'b' });
    expect(readdirSync(store)).toEqual(['connections.json']);
  });

  test('lets no two of them put events of a connection under different settings', () => {
    const store = freshStore();
    openRoster(store).enrol('phones', { ...phones, settings: 'a' });
    const [one, other] = [openRoster(store), openRoster(store)];
    other.enrol('phones', { ...phones, settings: 'b' });
    expect(() => one.enrol('phones', { ...phones, settings: 'a' })).toThrow(
      'phones: another process is enqueuing with other settings',
    );
    expect(openRoster(store).of('phones')).toEqual({ ...phones, settings: 'b', mixed: true });
  });

  test('knows when events may come back in the lanes of other settings, and only then', () => {
    const store = freshStore();
    const roster = openRoster(store);
    roster.enrol('phones', { ...phones, settings: 'a' });
    roster.forgetSettings('phones');
    expect(roster.of('phones')).toMatchObject({ settings: 'a' });
    roster.enrol('phones', { ...phones, settings: 'b' });
    roster.forgetSettings('phones');
    expect(openRoster(store).of('phones')).toEqual({ ...phones, mixed: true });
  });

  test('waits for nobody who was killed while he wrote', () => {
    const store = freshStore();
    const lock = `${store}/connections.json.lock`;
    mkdirSync(lock);
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    openRoster(store).enrol('shop', shop);
    expect(openRoster(store).of('shop')).toEqual(shop);
  });

  test('F-96 not even where the time of the lock lies ahead', () => {
    const store = freshStore();
    const lock = `${store}/connections.json.lock`;
    mkdirSync(lock);
    const ahead = new Date(Date.now() + 3_600_000);
    utimesSync(lock, ahead, ahead);
    const since = performance.now();
    openRoster(store).enrol('shop', shop);
    expect(performance.now() - since).toBeLessThan(8_000);
    expect(openRoster(store).of('shop')).toEqual(shop);
  }, 20_000);
});
