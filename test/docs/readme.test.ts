import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { CdpEvent } from '../../core/index.ts';
import { accounts } from '../support/simulators/accounts.ts';
import { generate } from '../../core/testing/simulators/index.ts';
import { embed } from '../support/docs/embed.ts';
import { read, root, shown } from '../support/docs/pages.ts';

describe('README.md', () => {
  test('shows the embedding code that the next test runs', async () => {
    expect(await read('README.md')).toContain(await shown('test/support/docs/embed.ts'));
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

  test('has at most 130 lines of at most 120 columns, beside the addresses of its links', async () => {
    const text = (await read('README.md')).replaceAll(/^\[[^\]]+\]: \S+\n/gm, '');
    const lines = text.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(130);
    expect(lines.filter((line) => line.length > 120)).toEqual([]);
  });
});
