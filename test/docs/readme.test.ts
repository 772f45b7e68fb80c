import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { accounts } from '../end-to-end/accounts.ts';
import { generate } from '../vendors/index.ts';
import { deliverAll } from './embed.ts';

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
    const settled: Record<'acknowledged' | 'requeued' | 'dead', string[]> = {
      acknowledged: [],
      requeued: [],
      dead: [],
    };
    const events = [...generate({ count: 200, startTime: Date.now() - 60_000 })];
    await deliverAll(
      path.join(root, 'destinations'),
      events,
      adjust.config,
      {
        acknowledge: (id) => void settled.acknowledged.push(id),
        requeue: (id) => void settled.requeued.push(id),
        deadLetter: (id) => void settled.dead.push(id),
      },
      { origins: { adjust: vendor.origin } },
    );
    await vendor.close();
    const ids = Object.values(settled).flat();
    expect(ids.sort()).toEqual(events.map(({ messageId }) => messageId ?? '').sort());
    expect(settled.acknowledged.length).toBeGreaterThan(100);
  });

  test('names only npm scripts that exist', async () => {
    const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> };
    const named = [...(await read('README.md')).matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name ?? '');
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});
