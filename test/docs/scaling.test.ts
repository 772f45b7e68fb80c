// What docs/scaling.md shows is run, beside a broker.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startAdjust, type Simulator } from '../../core/testing/simulators/index.ts';
import { spillway } from '../support/cli/fake-terminal.ts';
import { root } from '../support/docs/pages.ts';
import { startBroker, type Broker } from '../support/jetstream/broker.ts';
import { describeWith } from '../support/needed-program.ts';

const page = readFileSync(path.join(root, 'docs/scaling.md'), 'utf8');
const blocks = (language: string): readonly string[] =>
  [...page.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].flatMap(([, name, text = '']) => (name === language ? [text] : []));
/** The commands of the page, a line each. */
const commands = blocks('sh').flatMap((block) => block.trim().split('\n'));

const app = 'app5imulated';
const connections = {
  connections: [
    {
      id: 'shop',
      destination: 'adjust',
      config: { appToken: app, environment: 'sandbox', eventTokens: { 'Signed Up': 'abc123' } },
    },
  ],
};
const event = (n: number): string =>
  JSON.stringify({
    type: 'track',
    event: 'Signed Up',
    messageId: `m-${n}`,
    timestamp: new Date().toISOString(),
    context: { device: { type: 'ios', id: `8C4B1B0E-5D52-4F6E-9F37-0A2D4F8E1A1${n % 5}` } },
  });

describeWith('nats-server', 'docs/scaling.md', () => {
  let broker: Broker;
  let vendor: Simulator;
  let folder: string;
  beforeAll(async () => {
    broker = await startBroker();
    vendor = await startAdjust({ appToken: app, eventTokens: ['abc123'] });
    folder = mkdtempSync(path.join(tmpdir(), 'scaling-'));
    writeFileSync(path.join(folder, 'connections.json'), JSON.stringify(connections));
    writeFileSync(path.join(folder, 'events.ndjson'), Array.from({ length: 20 }, (_, n) => `${event(n)}\n`).join(''));
  });
  afterAll(async () => {
    await broker.remove();
    await vendor.close();
    rmSync(folder, { recursive: true });
  });

  /** With the files of the test, and the broker that it has. */
  const run = (line: string) => {
    const args = line
      .replaceAll('127.0.0.1:4222', broker.at)
      .split(' ')
      .slice(1)
      .map((arg) => (/^(?:\w+\.(?:json|ndjson)|queue)$/.test(arg) ? path.join(folder, arg) : arg));
    return spillway(args[0] === path.join(folder, 'queue') ? ['queue', ...args.slice(1)] : args, '', {
      SPILLWAY_ORIGIN: vendor.origin,
    });
  };
  const commandWith = (words: string): string => {
    const line = commands.find((one) => one.includes(words));
    if (line === undefined) throw new Error(`the page has no command with ${words}`);
    return line;
  };

  test('its commands put events into a stream and deliver them from there', async () => {
    const put = await run(commandWith('spillway enqueue'));
    expect(put).toMatchObject({ code: 0, stderr: expect.stringContaining('20 kept') });
    const work = await run(commandWith('spillway work'));
    expect(work.code).toBe(0);
    expect(vendor.ledger.committed()).toBe(20);
  });

  test('its command moves a store into a stream', async () => {
    const queue = path.join(folder, 'queue');
    const files = ['--config', path.join(folder, 'connections.json'), '--input', path.join(folder, 'events.ndjson')];
    expect(await spillway(['enqueue', 'shop', '--store', queue, ...files], '', {})).toMatchObject({ code: 0 });
    expect(await run(commandWith('queue move'))).toMatchObject({ code: 0 });
    const { stdout } = await spillway(['queue', 'status', '--json', '--store', `nats://${broker.at}`], '', {});
    expect(JSON.parse(stdout)).toMatchObject({ connections: [{ connection: 'shop', waiting: 20 }] });
  });

  test('a broker takes the file of the page for three of them', async () => {
    const file = path.join(folder, 'nats.conf');
    const [config = ''] = blocks('');
    writeFileSync(file, config.replace('/var/lib/nats', folder));
    const { stderr } = await promisify(execFile)('nats-server', ['-c', file, '-t']);
    expect(stderr).toContain('configuration file');
    expect(commands).toContain('nats-server -js -sd /var/lib/nats');
  });

  test('it names the versions of the clients that are tested', () => {
    const { devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      readonly devDependencies: Readonly<Record<string, string>>;
    };
    const clients = Object.entries(devDependencies).filter(([name]) => name.startsWith('@nats-io/'));
    expect(commandWith('npm install').split(' ').slice(2).sort()).toEqual(
      clients.map(([name, version]) => `${name}@${version}`).sort(),
    );
  });
});
