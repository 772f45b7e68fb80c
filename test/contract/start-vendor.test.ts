import { afterEach, describe, expect, test } from '@jest/globals';
import path from 'node:path';
import { createRuntime, loadDestination } from '../../core/index.ts';
import { eventOf, loadDemo, startVendor, type StartedVendor } from '../../core/testing/index.ts';

let vendor: StartedVendor | undefined;
afterEach(() => vendor?.close());

const paperplane = 'test/support/contract/paperplane';
const lighthouse = 'docs/examples/lighthouse';
const mailbox = 'test/support/cli/destinations/mailbox';
const start = async (folder: string, settings: Readonly<Record<string, unknown>>) => {
  vendor = await startVendor(await loadDestination(folder), settings, { folder });
  return vendor;
};
const answerOf = async ({ origin }: StartedVendor) => {
  const response = await fetch(origin, { method: 'POST', body: '[]' });
  return { status: response.status, body: await response.text() };
};

describe('The vendor of a destination', () => {
  test.each(['adjust', 'adroll', 'adroll-email', 'rokt'])('%s is its simulator', async (slug) => {
    const folder = path.join('destinations', slug);
    const started = await start(folder, loadDemo(folder).settings);
    expect(started).toMatchObject({ kind: 'simulator', origin: expect.stringMatching(/^http:\/\/127\.0\.0\.1:/) });
    expect(started?.eventsPerRequest).toBeUndefined();
  });

  test('without a simulator gives the answer that its demo names', async () => {
    const started = (await start(paperplane, loadDemo(paperplane).settings)) as StartedVendor;
    expect(started.kind).toBe('recorded');
    expect(started.eventsPerRequest).toBeUndefined();
    expect(await answerOf(started)).toEqual({ status: 202, body: '' });
  });

  test('without a demo answers as the case does that delivers one event, about the events of each request', async () => {
    const started = (await start(lighthouse, { account: 'account-1', token: 'token-1' })) as StartedVendor;
    expect(started).toMatchObject({ kind: 'recorded', canRefuseItems: true });
    const runtime = createRuntime({
      destinations: [started.destination],
      origins: { lighthouse: started.origin },
    });
    const opened = runtime.open('lighthouse', { account: 'account-1', token: 'token-1' });
    if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
    const orders = ['m-1', 'm-2', 'm-3'].map((messageId) => eventOf('order-completed-web', { messageId }));
    const outcomes = await opened.connection.deliver(orders);
    await runtime.close();
    expect(outcomes.map(({ kind }) => kind)).toEqual(['delivered', 'delivered', 'delivered']);
    expect(started.requests()).toBe(1);
    expect(started.ledger.entries.map(({ id }) => id)).toEqual(['m-1', 'm-2', 'm-3']);
  });

  test('is none where the folder has recorded no success', async () => {
    expect(await start(mailbox, { apiKey: 'key-example-1', owner: 'ann' })).toBeUndefined();
  });

  test('is refused for settings that the destination refuses', async () => {
    await expect(start(paperplane, {})).rejects.toThrow();
  });
});
