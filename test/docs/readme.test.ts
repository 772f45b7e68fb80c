import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createRuntime, type CdpEvent } from '../../core/index.ts';
import adrollEmail from '../../destinations/adroll-email/index.ts';
import { accounts } from '../end-to-end/accounts.ts';
import { generate } from '../vendors/index.ts';
import { embed } from './embed.ts';
import { forgetUnsubscribed } from './operations.ts';

function openedAt(origin: string, settings: unknown) {
  const runtime = createRuntime({ destinations: [adrollEmail], origins: { 'adroll-email': origin } });
  const opened = runtime.open(adrollEmail, settings);
  if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
  return opened.connection;
}

const root = path.join(import.meta.dirname, '../..');
const read = (file: string): Promise<string> => readFile(path.join(root, file), 'utf8');

describe('README.md', () => {
  test('shows the embedding code that the next test runs', async () => {
    const code = (await read('test/docs/embed.ts')).replace('../../core/index.ts', 'spillway').trim();
    expect(await read('README.md')).toContain(`\`\`\`ts\n${code}\n\`\`\``);
  });

  test('embeds in a host that settles every event', async () => {
    const adjust = accounts.find(({ slug }) => slug === 'adjust');
    if (adjust === undefined) throw new Error('no account at Adjust');
    const vendor = await adjust.start({ seed: 1 });
    const acknowledged: CdpEvent[] = [];
    const others: CdpEvent[] = [];
    const events = [...generate({ count: 200, startTime: Date.now() - 60_000 })];
    // Outcomes are by position: an event that is there twice is settled twice.
    events.push(...events.slice(0, 5).map((event) => ({ ...event })), { type: 'track', event: 'No id' });
    const embedded = await embed(
      path.join(root, 'destinations'),
      adjust.config,
      {
        acknowledge: (event) => void acknowledged.push(event),
        requeue: (event) => void others.push(event),
        deadLetter: (event) => void others.push(event),
      },
      { origins: { adjust: vendor.origin } },
    );
    await embedded.deliver(events.slice(0, 100));
    await embedded.deliver(events.slice(100));
    await embedded.close();
    await vendor.close();
    expect(acknowledged.length + others.length).toBe(events.length);
    expect(new Set([...acknowledged, ...others])).toEqual(new Set(events));
    expect(new Set([...acknowledged, ...others]).size).toBe(events.length);
    expect(acknowledged.length).toBeGreaterThan(100);
  });

  test('shows the calling code that the next test runs', async () => {
    const code = (await read('test/docs/operations.ts'))
      .replace('../../core/index.ts', 'spillway')
      .replace('../../destinations/adroll-email/index.ts', 'spillway/destinations/adroll-email')
      .trim();
    expect(await read('README.md')).toContain(`\`\`\`ts\n${code}\n\`\`\``);
  });

  test('calls a vendor for its unsubscribers', async () => {
    const email = accounts.find(({ slug }) => slug === 'adroll-email');
    if (email === undefined) throw new Error('no account at AdRoll Email');
    const vendor = await email.start({ seed: 1 });
    const more = { origins: { 'adroll-email': vendor.origin } };
    const forgotten: string[] = [];
    const recorded = await openedAt(vendor.origin, email.config).call('record-unsubscribers', {
      body: ['jane.doe@example.com'],
    });
    expect(recorded).toMatchObject({ kind: 'done' });
    const since = '2026-01-01T00:00:00';
    expect(await forgetUnsubscribed(email.config, since, (address) => forgotten.push(address), more)).toBe('done');
    expect(forgotten).toEqual(['jane.doe@example.com']);
    const mistyped = { ...email.config, auth: { kind: 'token', token: 'mistyped' } };
    await expect(forgetUnsubscribed(mistyped, since, () => undefined, more)).rejects.toThrow(/refused the credentials/);
    await vendor.close();
  });

  test('names only npm scripts that exist', async () => {
    const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> };
    const named = [...(await read('README.md')).matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name ?? '');
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});
