import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { checkDestination, demoFormat, mixes } from '../../core/testing/index.ts';
import { participantsIn } from '../../scripts/demo/participants.ts';

jest.setTimeout(60_000);

const fixtures = path.resolve('test/support/contract');
const demo = { settings: { account: 'account-1', apiKey: 'simulated-key' }, events: 'webOrders', reply: 'ok' };

/** As deep in the repository as the fixtures, so that the imports of a copy hold. */
let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(path.resolve('test/contract/.demo-'));
  await cp(path.join(fixtures, 'paperplane'), path.join(directory, 'paperplane'), { recursive: true });
});
afterEach(() => rm(directory, { recursive: true }));

const write = (changes: object): Promise<void> =>
  writeFile(path.join(directory, 'paperplane/demo.json'), JSON.stringify({ ...demo, ...changes }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
async function runDemo(...args: readonly string[]): Promise<Ended> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      'scripts/demo.ts',
      ...args,
    ]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as Ended;
  }
}

describe('F-35 a folder joins the demo by its demo.json', () => {
  test('it sends to a vendor that answers with its recorded reply, and a folder without one is named', async () => {
    const { code, stdout } = await runDemo('--destinations', fixtures, '--events', '40', '--faults', '0');
    expect(stdout).toContain('40 events (seed 1) through each of paperplane;');
    expect(stdout).toContain('any-200: no demo.json, left out\n');
    expect(stdout).toMatch(
      /paperplane: in 40 = 40 delivered \+ 0 skipped .*; answered with a recorded reply, so nobody knows/,
    );
    expect(Number(/requests\s+│\s+(\d+)/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(4);
    expect(code).toBe(0);
  });

  test('settings that the folder refuses end it, with the path in demo.json and no stack', async () => {
    await write({ settings: { account: 'account-1', apiKey: 7 } });
    const { code, stderr } = await runDemo('--destinations', directory, '--events', '1');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^paperplane: demo\.json: settings\.apiKey: .+\n$/)]);
  });

  test.each([
    [{ events: 'nothing' }, /^paperplane: demo\.json: events: /],
    [{ events: { 'web-order': -1 } }, /^paperplane: demo\.json: events/],
    [{ mix: 'web' }, /^paperplane: demo\.json: .*"mix"/],
    [{ reply: 'missing' }, /^paperplane: demo\.json: reply: there is no contract\/replies\/missing\.json/],
    [{ reply: 'reset' }, /^paperplane: demo\.json: reply: reset is no answer, but a fault/],
    [{ reply: undefined }, /^paperplane: demo\.json: reply: is missing: the vendor has no simulator/],
  ])('%j is refused with its place', async (changes, message) => {
    await write(changes);
    await expect(participantsIn(directory)).rejects.toThrow(message);
  });

  test('a success for one event is asked for one event at a time', async () => {
    await write({ eventsPerRequest: 1 });
    const { participants } = await participantsIn(directory);
    expect(participants).toMatchObject([{ recorded: true, options: { limits: { maxItems: 1 } } }]);
  });

  test('the mix may be written out', async () => {
    await write({ events: { 'web-order': 2, 'ios-order': 1 } });
    expect((await participantsIn(directory)).participants[0]?.events).toEqual({ 'web-order': 2, 'ios-order': 1 });
    expect(demoFormat.parse({ settings: {} }).events).toBe('everything');
  });

  test('no folder with a demo.json at all is an error', async () => {
    await mkdir(path.join(directory, 'none'));
    await expect(participantsIn(path.join(directory, 'none'))).rejects.toThrow('no destination has a demo.json');
  });

  test('every folder of the box takes part, with a simulator', async () => {
    const { participants, leftOut } = await participantsIn('destinations');
    expect(leftOut).toEqual([]);
    expect(participants.map(({ slug, recorded }) => [slug, recorded])).toEqual(
      ['adjust', 'adroll', 'adroll-email', 'rokt'].map((slug) => [slug, false]),
    );
    expect(participants.find(({ slug }) => slug === 'adroll-email')?.events).toEqual(mixes.mixedUnsubscribes);
  });
});

describe('F-35 the contract kit reads demo.json', () => {
  const results = async () => {
    const found = [];
    for await (const result of checkDestination(path.join(directory, 'paperplane'), { only: /^demo/ }))
      if (result.title.startsWith('demo')) found.push(result);
    return found;
  };

  test('one that fits is a check that passed', async () => {
    expect(await results()).toMatchObject([{ ok: true, ran: true }]);
  });

  test.each([
    [{ settings: { account: 'account-1' } }, 'the settings are refused'],
    [{ reply: 'reset' }, 'demo.json: reply: reset is no answer, but a fault'],
    [{ evnets: 'web' }, '"evnets"'],
  ])('%j fails', async (changes, why) => {
    await write(changes);
    expect(await results()).toMatchObject([{ ok: false, why: expect.stringContaining(why) as unknown }]);
  });

  test('a folder without one has no such check', async () => {
    await rm(path.join(directory, 'paperplane/demo.json'));
    expect(await results()).toEqual([]);
  });
});
