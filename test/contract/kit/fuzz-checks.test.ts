// Tests core/testing/checks/fuzz-checks.ts and core/testing/kit/unnamed-items.ts.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, test } from '@jest/globals';
import { accept, acceptAll, verdictsByIndex, type AnyDestination } from '../../../core/index.ts';
import { unnamedItems } from '../../../core/testing/kit/unnamed-items.ts';
import { failuresOf } from '../../support/contract/failures.ts';
import kites from '../../support/contract/kites/index.ts';
import { entriesOf, readReply, refusal, response } from '../../support/contract/kites/response.ts';

const only = /^fuzz: whatever the events and the answers/;

let folder = '';
beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'spillway-')), 'kites');
  cpSync(path.resolve('test/support/contract/kites'), folder, { recursive: true });
});
afterEach(() => rmSync(path.dirname(folder), { recursive: true }));

test('F-43 a recorded refusal by index, replayed to another request, is a right partial success', async () => {
  const perRefused = { index: '{{index}}', message: 'Too cheap' };
  writeFileSync(
    path.join(folder, 'contract/replies/by-index.json'),
    JSON.stringify({ status: 422, body: { refused: { perRefused } }, source: 'docs', recordedOn: '2026-11-22' }),
  );
  const named = { title: 'the named one is refused', extends: 'sale', replies: ['by-index'] };
  const events = [{ base: 'order-completed-web' }, { base: 'order-completed-ios' }];
  const outcomes = [{ kind: 'delivered' }, { kind: 'rejected' }];
  for (const [name, json] of [
    ['by-index', { ...named, events, without: ['requests'], outcomes }],
    // What is recorded for one sale names the second: here it is final for that one only.
    ['refused-by-index', { ...named, replies: ['refused'], without: ['requests'], outcomes: [{ kind: 'rejected' }] }],
  ] as const)
    writeFileSync(path.join(folder, `contract/cases/${name}.json`), JSON.stringify(json));
  const reading = (others: 'accepted' | 'all accepted'): AnyDestination => ({
    ...(kites as AnyDestination),
    response: {
      ...response,
      readReply(exchange, batch) {
        const refused = exchange.response.status === 422 ? entriesOf(exchange.response.body, 'refused') : undefined;
        if (refused === undefined || refused.length === 0) return readReply(exchange as never, batch as never);
        if (others === 'all accepted') return acceptAll(batch);
        const rows = refused.map(({ index }) => [Number(index), refusal('')] as const);
        return verdictsByIndex(batch, rows, accept());
      },
    },
  });
  expect(await failuresOf(folder, { definition: reading('accepted'), only, fuzz: { runs: 200 } })).toBe('');
  const found = await failuresOf(folder, { definition: reading('all accepted'), only });
  const [first = '', second = '', ...more] = found.split('\n');
  expect(first).toMatch(
    /event \d is delivered without a success from the vendor, by (?:contract\/replies\/[\w-]+\.json as in case [\w-]+|a made-up answer): 422 \{/,
  );
  expect(second).toMatch(/^run \d+ of seed 1, path [\d:]+: \[/);
  expect(more).toEqual([]);
  expect(Math.max(first.length, second.length)).toBeLessThan(500);
}, 60_000);

it('F-43 takes the items that a named refusal leaves, by its names and its counts', () => {
  const items = ['a', 'b', 'c'].map((key) => ({ key, eventId: `m-${key}` }));
  const perRefused = { index: '{{index}}', id: '{{key}}', why: 'no' };
  const template = { status: 400, body: { taken: '{{accepted}}', code: 7, failed: { perRefused } } };
  const left = (body: unknown, status = 400): string =>
    [...unnamedItems([template], { status, body }, items)].map(({ key }) => key).join('');
  const one = { index: 1, id: 'b', why: 'another' };
  expect(left({ taken: 2, code: 8, failed: [one] })).toBe('ac');
  expect(left({ failed: [{ index: 1 }] })).toBe('ac');
  expect(left({ failed: [{ id: 'c' }, one] })).toBe('a');
  for (const body of [
    { taken: 1, failed: [one] },
    { failed: [{ ...one, id: 'a' }] },
    { failed: [{ why: 'no' }] },
    { failed: [one, one] },
    { failed: [{ index: 9 }] },
    { failed: [] },
    {},
    null,
    'no',
  ])
    expect(left(body)).toBe('');
  expect(left({ failed: [one] }, 422)).toBe('');
  expect([...unnamedItems([template], { fault: 'reset' }, items)]).toEqual([]);
});
