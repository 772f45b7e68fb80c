// Tests core/hosts/cli/queue/owner-socket.ts and core/hosts/cli/queue/remote-queue.ts.
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { connect } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { answerForStore, socketOf } from '../../core/hosts/cli/queue/owner-socket.ts';
import { reachOwner } from '../../core/hosts/cli/queue/remote-queue.ts';
import { openQueue, QueueFull, type DeadLetter, type DeliveryQueue } from '../../core/queue/index.ts';
import { track } from '../support/runtime/test-connection.ts';

const queued = (id: string) => ({ id, event: track(id), acceptedAt: 1_000 });
const refused = (id: string) => ({
  ...queued(id),
  outcome: { kind: 'rejected' as const, eventId: id, reason: { code: 'unmapped_event' as const, message: 'no token' } },
});

let directory: string;
let queue: DeliveryQueue;
let changed: string[];

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'owner-'));
  queue = await openQueue({ path: directory, maxBytes: 40_000 });
  changed = [];
});
afterEach(async () => {
  await queue.close();
  rmSync(directory, { recursive: true });
});

const answer = () =>
  answerForStore({
    directory,
    queue,
    lanesOf:
      () =>
      ({ messageId }) => [`lane of ${messageId}`],
    changed: (connection) => void changed.push(connection),
  });
async function reach() {
  const remote = await reachOwner(directory);
  if (remote === undefined) throw new Error('nobody answers');
  return remote;
}
async function all(letters: AsyncIterable<DeadLetter>): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  for await (const letter of letters) found.push(letter);
  return found;
}

describe('a store whose owner answers for it', () => {
  it('takes events from another process, and its worker is told', async () => {
    const owner = await answer();
    const remote = await reach();
    expect(await remote.put('acme', [queued('a'), queued('b')])).toEqual({ accepted: 2, duplicates: 0 });
    expect(await remote.put('acme', [queued('b')])).toEqual({ accepted: 0, duplicates: 1 });
    expect(queue.waiting('acme')).toBe(2);
    expect(changed).toEqual(['acme', 'acme']);
    await remote.close();
    await owner?.close();
  });

  it('says what it refuses, as it would at home', async () => {
    const owner = await answer();
    const remote = await reach();
    const many = Array.from({ length: 500 }, (_, n) => queued(`e${n}`));
    await expect(remote.put('acme', many)).rejects.toBeInstanceOf(QueueFull);
    expect(await remote.put('acme', [queued('small')])).toEqual({ accepted: 1, duplicates: 0 });
    await remote.close();
    await owner?.close();
  });

  it('lists, revives, with lanes, and forgets dead letters; several callers at once', async () => {
    const owner = await answer();
    const [remote, other] = [await reach(), await reach()];
    await remote.put('acme', [refused('a'), refused('b'), refused('c')]);
    const letters = await all(remote.dead('acme'));
    expect(letters.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    for await (const { id } of remote.dead('acme')) {
      expect(id).toBe('a');
      break;
    }
    const [seq, last] = [letters[0]?.seq ?? 0, letters[2]?.seq ?? 0];
    expect(await Promise.all([remote.requeue('acme', { seq }), other.drop('acme', { seq: last })])).toEqual([1, 1]);
    expect(queue.status(Date.now(), 'acme').connections).toMatchObject([{ waiting: 1, dead: 1 }]);
    expect(queue.claim('acme', 10, Date.now()).map(({ id, lanes }) => [id, lanes])).toEqual([['a', ['lane of a']]]);
    await Promise.all([remote.close(), other.close()]);
    await owner?.close();
  });

  it('does not wait for who stays on the line when it ends, or reads nothing', async () => {
    const owner = await answer();
    const mute = connect({ path: socketOf(directory) ?? '', allowHalfOpen: true });
    await once(mute, 'connect');
    mute.write('no JSON\n'.repeat(20_000));
    await (await reach()).close();
    await owner?.close();
    mute.destroy();
  });

  it('is nobody to talk to once it has closed, or was killed', async () => {
    const owner = await answer();
    const at = socketOf(directory) ?? '';
    expect(statSync(at).mode & 0o777).toBe(0o600);
    await owner?.close();
    expect(existsSync(at)).toBe(false);
    expect(await reachOwner(directory)).toBeUndefined();
    writeFileSync(at, 'left behind');
    expect(await reachOwner(directory)).toBeUndefined();
    const next = await answer();
    await (await reach()).close();
    await next?.close();
  });

  it('takes nothing that is no event to queue', async () => {
    const owner = await answer();
    const remote = await reach();
    const broken = [{ id: 'a', event: track('a') }] as never;
    await expect(remote.put('acme', broken)).rejects.toThrow('not what a queue takes');
    expect(queue.waiting('acme')).toBe(0);
    await remote.close();
    await owner?.close();
  });

  it('that ends answers first what it was asked, and what comes after gets no answer', async () => {
    let asked = (): void => undefined;
    const begun = new Promise<void>((resolve) => (asked = resolve));
    let letGo = (): void => undefined;
    const put = new Promise((resolve) => (letGo = () => resolve({ accepted: 1, duplicates: 0 })));
    const slow = {
      put: () => {
        asked();
        return put;
      },
      status: () => queue.status(0),
    };
    const owner = await answerForStore({
      directory,
      queue: slow as unknown as DeliveryQueue,
      lanesOf: () => undefined,
      changed: () => undefined,
    });
    const remote = await reach();
    const kept = remote.put('acme', [queued('a')]);
    const late = remote.put('acme', [queued('b')]);
    await begun;
    const closing = owner?.close();
    letGo();
    expect(await kept).toEqual({ accepted: 1, duplicates: 0 });
    await expect(late).rejects.toThrow(/ended before it answered/);
    await closing;
    await expect(remote.put('acme', [queued('c')])).rejects.toThrow(/ended before it answered/);
    await remote.close();
    await remote.close();
  });
});

it('a path too long for a socket has none', async () => {
  expect(socketOf(`/${'x'.repeat(200)}`)).toBeUndefined();
  expect(await reachOwner(`/${'x'.repeat(200)}`)).toBeUndefined();
});
