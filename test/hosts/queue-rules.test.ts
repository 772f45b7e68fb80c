// Tests core/hosts/cli/queue/enqueue.ts, core/queue/registered.ts and core/hosts/cli/queue/dead.ts, through the
// commands, with `subscribe` and `mapping`: what is kept is the event as its sender wrote it.
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { openQueue } from '../../core/queue/lmdb/open-queue.ts';
import type { Claim } from '../../core/queue/queue.ts';
import { fakeTerminal } from '../support/cli/fake-terminal.ts';
import { createStore } from '../support/cli/store.ts';
import { startVendorServer } from '../support/cli/vendor-server.ts';
import { createWorkspace, testDestinations, testSettings } from '../support/cli/workspace.ts';

// The first test waits for all of the program to be compiled.
jest.setTimeout(60_000);
const workspace = createWorkspace();
afterAll(workspace.remove);
let mail: Awaited<ReturnType<typeof startVendorServer>>;
beforeAll(async () => {
  mail = await startVendorServer();
});
beforeEach(() => {
  mail.received.length = 0;
});
afterAll(() => mail.stop());

let stores = 0;
const freshStore = () => createStore(workspace, `store-${++stores}`);
type Store = ReturnType<typeof freshStore>;

let files = 0;
/** A work file with the connection `shop` under these rules. */
const ruled = (options: object, settings: object = testSettings): string =>
  workspace.write(`work-${++files}.json`, {
    connections: [{ id: 'shop', destination: 'mailbox', config: settings, options }],
  });

/** What the mailbox reads is the event's name: `Certified` has a lane, `Broken` is rejected, `Ignored` skipped. */
const named = (to: Readonly<Record<string, string>>) => ({
  set: { event: { '@map': { value: { '@path': 'event' }, to } } },
});

/** An event under a name that the mailbox does not know, with what a mapping could take it by. */
const letter = (messageId: string, event = 'Brief') => ({
  type: 'track',
  event,
  messageId,
  userId: 'ann',
  properties: { kind: 'private', stamp: 1 },
});
const lines = (...events: readonly object[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join('');

const work = ({ run }: Store, config: string) =>
  run('work', '--config', config, '--until-idle', '--quiet', '--origin', `mailbox=${mail.origin}`);

/** The waiting events as they are on disk. */
async function waitingIn({ store }: Store): Promise<readonly (Pick<Claim, 'id' | 'lanes'> & { event: unknown })[]> {
  const queue = await openQueue({ path: store });
  try {
    const claims = queue.claim('shop', 100, Number.MAX_SAFE_INTEGER);
    return claims.map(({ id, lanes, text }) => ({ id, lanes, event: JSON.parse(text) as unknown }));
  } finally {
    await queue.close();
  }
}

describe('an event that waits for a connection with rules', () => {
  test('is stored as its sender wrote it, in the lane of what the mapping makes of it, and mapped as it leaves', async () => {
    const store = freshStore();
    const rules = ruled({ mapping: { ...named({ Brief: 'Certified' }), unset: ['properties.kind'] } });
    expect(await store.enqueue('shop', rules, lines(letter('m-1')))).toMatchObject({ code: 0 });
    expect(await waitingIn(store)).toEqual([{ id: 'm-1', lanes: ['ann'], event: letter('m-1') }]);
    expect(await work(store, rules)).toMatchObject({ code: 0 });
    expect(mail.received).toEqual([{ id: 'm-1', name: 'Certified' }]);
  });

  test('leaves by the rules that hold when it leaves, not by those of its put', async () => {
    const store = freshStore();
    await store.enqueue(
      'shop',
      ruled({ mapping: named({ Brief: 'Letter' }) }),
      lines(letter('m-1'), letter('m-2', 'X')),
    );
    await work(store, ruled({ subscribe: "event = 'Brief'", mapping: named({ Brief: 'Postcard' }) }));
    expect(mail.received).toEqual([{ id: 'm-1', name: 'Postcard' }]);
    expect(await store.backlog('shop')).toMatchObject({ waiting: 0, done: 2, dead: 0 });
  });

  test('holds up rules that would move it to another lane, and no rules that leave it where it is', async () => {
    const store = freshStore();
    const rules = { mapping: named({ Brief: 'Certified' }) };
    await store.enqueue('shop', ruled(rules), lines(letter('m-1')));
    for (const moving of [{}, { mapping: named({ Brief: 'Letter' }) }])
      expect(await store.enqueue('shop', ruled(moving), lines(letter('m-2')))).toMatchObject({
        code: 78,
        stderr: expect.stringContaining('shop: 1 events wait; these settings would move them to other lanes'),
      });
    for (const [n, staying] of [{ ...rules, subscribe: "type = 'track'" }, { subscribe: "event = 'Karte'" }].entries())
      expect(await store.enqueue('shop', ruled(staying), lines(letter(`m-${n + 3}`)))).toMatchObject({ code: 0 });
    expect(await store.backlog('shop')).toMatchObject({ waiting: 2, done: 1 });
  });
});

describe('an event that its connection does not subscribe to', () => {
  const unwanted = { subscribe: "event = 'Karte'" };

  test('is settled as it is put, for good: no worker sends it, and no later rules do', async () => {
    const store = freshStore();
    const input = lines(letter('m-1'), letter('m-2', 'Karte'), letter('m-3', 'Ignored'));
    const { code, stderr } = await store.enqueue('shop', ruled(unwanted), input);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'shop (mailbox): 3 kept, 0 duplicates, 2 settled as skipped, 0 as rejected (not_subscribed 2)\n',
    });
    expect(await store.backlog('shop')).toMatchObject({ waiting: 1, done: 2, dead: 0 });
    await work(store, ruled({}));
    expect(mail.received).toEqual([{ id: 'm-2', name: 'Karte' }]);
  });

  test('is told from what the vendor does not want, in the summary for programs, too', async () => {
    const store = freshStore();
    const mapped = { subscribe: "event != 'Brief'", mapping: named({ Werbung: 'Ignored', Unfug: 'Broken' }) };
    const input = lines(letter('m-1'), letter('m-2'), letter('m-3', 'Werbung'), letter('m-4', 'Unfug'));
    const { code, stdout } = await store.enqueue('shop', ruled(mapped), input, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      accepted: 4,
      skipped: 3,
      rejected: 1,
      reasons: { not_subscribed: 2, unmapped_event: 1, internal_error: 1 },
    });
  });

  test('is judged anew by replay, which a subscription of now may let through or not', async () => {
    const store = freshStore();
    await store.enqueue('shop', ruled(unwanted), lines(letter('m-1'), letter('m-2', 'Paket')));
    const now = ruled({ subscribe: "event = 'Brief'", mapping: named({ Brief: 'Letter' }) });
    const replayed = await store.run('replay', 'shop', '--config', now, '--from', '2020-01-01');
    expect(replayed).toMatchObject({ code: 0, stdout: '2 requeued\n' });
    expect((await waitingIn(store)).map(({ event }) => event)).toEqual([letter('m-1'), letter('m-2', 'Paket')]);
    await work(store, now);
    expect(mail.received).toEqual([{ id: 'm-1', name: 'Letter' }]);
    expect(await store.backlog('shop')).toMatchObject({ waiting: 0, done: 4, dead: 0 });
  });
});

describe('a dead letter of a connection with rules', () => {
  const breaking = { mapping: { ...named({ Brief: 'Broken' }), unset: ['userId'] } };
  const mending = { mapping: named({ Brief: 'Letter' }) };

  /** One dead letter: what the mapping made of the event is what the folder fails on. */
  async function storeOfDead(): Promise<Store> {
    const store = freshStore();
    await store.enqueue('shop', ruled(breaking), lines(letter('m-1')));
    return store;
  }

  test('is the original event, in dead show and in dead export', async () => {
    const store = await storeOfDead();
    expect(await store.dead()).toMatchObject([{ id: 'm-1', outcome: 'rejected', reason: { code: 'internal_error' } }]);
    const { stdout } = await store.run('dead', 'show', 'm-1');
    expect((JSON.parse(stdout) as { event: unknown }).event).toEqual(letter('m-1'));
    const whole = await store.run('dead', 'export');
    expect((JSON.parse(whole.stdout) as { event: unknown }).event).toEqual(letter('m-1'));
    const { stdout: events } = await store.run('dead', 'export', '--events');
    expect(events).toBe(lines(letter('m-1')));
    const other = freshStore();
    expect(await other.enqueue('shop', ruled(mending), events)).toMatchObject({ code: 0 });
    await work(other, ruled(mending));
    expect(mail.received).toEqual([{ id: 'm-1', name: 'Letter' }]);
  });

  test('that the vendor refused is the original event, too', async () => {
    const refusing = await startVendorServer(() => ({ status: 400 }));
    const store = freshStore();
    const rules = ruled({ mapping: { ...named({ Brief: 'Letter' }), unset: ['userId'] } });
    await store.enqueue('shop', rules, lines(letter('m-1')));
    await store.run('work', '--config', rules, '--until-idle', '--quiet', '--origin', `mailbox=${refusing.origin}`);
    await refusing.stop();
    expect(await store.dead()).toMatchObject([{ id: 'm-1', outcome: 'rejected', reason: { code: 'vendor_rejected' } }]);
    const { stdout } = await store.run('dead', 'show', 'm-1');
    expect((JSON.parse(stdout) as { event: unknown }).event).toEqual(letter('m-1'));
  });

  test('that is requeued is judged by the rules of now: sent, dead once more, or not subscribed', async () => {
    for (const [rules, sent, dead, done] of [
      [mending, 1, 0, 1],
      [breaking, 0, 1, 0],
      [{ subscribe: "event = 'Karte'" }, 0, 0, 1],
    ] as const) {
      mail.received.length = 0;
      const store = await storeOfDead();
      const file = ruled(rules);
      expect(await store.run('dead', 'requeue', '--config', file)).toMatchObject({ code: 0, stdout: '1 requeued\n' });
      expect(await waitingIn(store)).toMatchObject([{ id: 'm-1', event: letter('m-1') }]);
      await work(store, file);
      expect(mail.received).toHaveLength(sent);
      expect(await store.backlog('shop')).toMatchObject({ waiting: 0, dead, done });
    }
  });

  test('gets the lane of what the mapping makes of it as it is requeued', async () => {
    const store = await storeOfDead();
    await store.run('dead', 'requeue', '--config', ruled({ mapping: named({ Brief: 'Certified' }) }));
    expect(await waitingIn(store)).toMatchObject([{ id: 'm-1', lanes: ['ann'] }]);
  });
});

describe('lanes that requeued events get by other rules', () => {
  const lanes = (owner: string): string =>
    ruled({ mapping: named({ Brief: 'Certified' }) }, { ...testSettings, owner });

  const again: readonly (readonly [string, (store: Store, rules: string) => Promise<unknown>])[] = [
    ['replay', ({ run }, rules) => run('replay', 'shop', '--config', rules, '--from', '2020-01-01')],
    ['dead requeue', ({ run }, rules) => run('dead', 'requeue', '--config', rules)],
  ];

  test.each(again)('%s: the rules from before are looked at again before more is put', async (command, requeue) => {
    const store = freshStore();
    const first = ruled({ mapping: named({ Brief: 'Letter' }) });
    await store.enqueue('shop', first, lines(letter('m-1')));
    const vendor = await startVendorServer(() => ({ status: command === 'replay' ? 200 : 400 }));
    await store.run('work', '--config', first, '--until-idle', '--quiet', '--origin', `mailbox=${vendor.origin}`);
    await vendor.stop();
    await requeue(store, lanes('bob'));
    expect(await waitingIn(store)).toMatchObject([{ id: expect.stringMatching(/^m-1/), lanes: ['bob'] }]);
    for (const rules of [first, lanes('ann')])
      expect(await store.enqueue('shop', rules, lines(letter('m-2')))).toMatchObject({ code: 78 });
    expect(await store.enqueue('shop', lanes('bob'), lines(letter('m-2')))).toMatchObject({ code: 0 });
  });

  test.each(again)(
    '%s: a connection whose events had none is one that keeps an order from then on',
    async (_, requeue) => {
      const store = freshStore();
      const [skipped, dead] = [letter('m-1'), letter('m-2', 'Unfug')];
      const first = ruled({ subscribe: "event != 'Brief'", mapping: named({ Unfug: 'Broken' }) });
      await store.enqueue('shop', first, lines(skipped, dead));
      const rules = ruled({ mapping: named({ Brief: 'Certified', Unfug: 'Certified' }) });
      await requeue(store, rules);
      await work(store, rules);
      const { code, stderr } = await store.run('replay', 'shop', '--config', rules, '--from', '2020-01-01');
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringContaining('its events must keep their order'),
      });
    },
  );

  test('dead requeue puts none into a lane while events wait that these rules would move', async () => {
    const store = freshStore();
    const first = ruled({ mapping: named({ Brief: 'Certified', Unfug: 'Broken' }) });
    await store.enqueue('shop', first, lines(letter('m-1'), letter('m-2', 'Unfug')));
    for (const flags of [[], ['--dry-run']])
      expect(await store.run('dead', 'requeue', '--config', lanes('bob'), ...flags)).toMatchObject({
        code: 78,
        stderr: expect.stringContaining('these settings would move them to other lanes'),
      });
    expect(await store.run('dead', 'requeue', '--config', lanes('ann'))).toMatchObject({ code: 0 });
  });

  test('beside a running work it is that one’s rules that give them, and what is put next is held to them', async () => {
    const store = freshStore();
    const first = ruled({ mapping: named({ Brief: 'Letter' }) });
    await store.enqueue('shop', first, lines(letter('m-1')));
    await work(store, first);
    const refusing = await startVendorServer(() => ({ status: 401 }));
    const box = fakeTerminal('', { SPILLWAY_DESTINATIONS: testDestinations });
    const origin = ['--origin', `mailbox=${refusing.origin}`];
    const ran = box.run('work', '--store', store.store, '--config', lanes('bob'), ...origin, '--quiet');
    while (box.listening === 0) await new Promise((resolve) => void setTimeout(resolve, 5));
    const replayed = await store.run('replay', 'shop', '--config', first, '--from', '2020-01-01');
    box.send('SIGTERM');
    await ran;
    await refusing.stop();
    expect(replayed).toMatchObject({ code: 0, stdout: '1 requeued\n' });
    expect(await waitingIn(store)).toMatchObject([{ lanes: ['bob'] }]);
    expect(await store.enqueue('shop', first, lines(letter('m-2')))).toMatchObject({ code: 78 });
  });
});

test('one file splits events between two connections of a destination, and each gets its own mapping', async () => {
  const store = freshStore();
  const query = "properties.kind = 'private'";
  const file = workspace.write('split.json', {
    connections: [
      { id: 'home', options: { subscribe: query, mapping: named({ Brief: 'Home' }) } },
      { id: 'office', options: { subscribe: `!(${query})`, mapping: named({ Brief: 'Office' }) } },
    ].map((connection) => ({ ...connection, destination: 'mailbox', config: testSettings })),
  });
  const business = { ...letter('m-2'), properties: { kind: 'business' } };
  const input = lines(letter('m-1'), business, { ...letter('m-3'), properties: {} });
  for (const id of ['home', 'office']) expect(await store.enqueue(id, file, input)).toMatchObject({ code: 0 });
  expect(await store.backlog('home')).toMatchObject({ waiting: 1, done: 2 });
  expect(await store.backlog('office')).toMatchObject({ waiting: 2, done: 1 });
  await work(store, file);
  expect(mail.received.toSorted((one, other) => (one.id < other.id ? -1 : 1))).toEqual([
    { id: 'm-1', name: 'Home' },
    { id: 'm-2', name: 'Office' },
    { id: 'm-3', name: 'Office' },
  ]);
});

test('a wrong rule is told by its place in the file of connections, and only its connection is held', async () => {
  const store = freshStore();
  const entry = { destination: 'mailbox', config: testSettings };
  const file = workspace.write('wrong.json', {
    connections: [
      { ...entry, id: 'shop' },
      { ...entry, id: 'other', options: { subscribe: "event = 'a' and", mapping: { set: { messageId: 'x' } } } },
    ],
  });
  const refused = await store.enqueue('other', file, lines(letter('m-1')));
  expect(refused.code).toBe(78);
  expect(refused.stderr).toContain('connections.1.options.subscribe: line 1, column 16');
  expect(refused.stderr).toContain('connections.1.options.mapping.set.messageId: ');
  expect(await store.enqueue('shop', file, lines(letter('m-1')))).toMatchObject({ code: 0 });
  const worked = await work(store, file);
  expect(worked).toMatchObject({ code: 78, stderr: expect.stringContaining('connections.1.options.subscribe: ') });
  expect(mail.received).toHaveLength(1);
});
