import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isInstalled } from '../is-installed.ts';

/** A nats-server of this test run, with JetStream in a folder of its own. */
export interface Broker {
  /** `host:port` */
  readonly at: string;
  readonly port: number;
  readonly pid: number | undefined;
  /** Of its files. */
  readonly folder: string;
  /** SIGKILL, as a machine that loses its power, but for its disk. */
  kill(): Promise<void>;
  /** On the same port and folder, after kill(). */
  start(): Promise<void>;
  /** SIGSTOP and SIGCONT: it is there, and says nothing. */
  freeze(): void;
  thaw(): void;
  /** Ends it, and removes its folder. */
  remove(): Promise<void>;
}

export interface BrokerOptions {
  /** Lines of its configuration file, beside its port and its folder. */
  readonly lines?: readonly string[];
  /** Lines of its section `jetstream`, such as `max_file: 1M`. `false`: it runs without. */
  readonly jetStream?: readonly string[] | false;
  readonly port?: number;
  readonly host?: string;
  /** A command, and its arguments, that runs it elsewhere: in a network namespace, say. */
  readonly within?: readonly string[];
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Not to outlive a test process that was killed, where util-linux has a word for it. */
const serverCommand = (): readonly [string, ...string[]] =>
  isInstalled('setpriv') ? ['setpriv', '--pdeathsig', 'KILL', 'nats-server'] : ['nats-server'];

export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const { lines = [], jetStream = [], port, host = '127.0.0.1', within = [] } = options;
  const folder = await mkdtemp(path.join(tmpdir(), 'broker-'));
  const usedPort = port ?? (await freePort());
  const file = path.join(folder, 'nats.conf');
  const settings = [
    `listen: "${host}:${usedPort}"`,
    ...(jetStream === false ? [] : ['jetstream {', `store_dir: "${folder}"`, ...jetStream, '}']),
    ...lines,
  ];
  await writeFile(file, settings.join('\n'));
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const [program, ...args] = [...within, ...serverCommand(), '-c', file];
      child = spawn(program!, args, { stdio: 'ignore' });
      running.add(child);
      if (await answers(child, host, usedPort)) return;
      // A port that was in use a moment ago may be refused.
      if (tries >= 5) throw new Error(`nats-server does not start on port ${usedPort}`);
      await end('SIGKILL');
      await sleep(200);
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ended = child;
    child = undefined;
    if (ended === undefined) return;
    running.delete(ended);
    if (ended.exitCode !== null || ended.signalCode !== null) return;
    const exit = once(ended, 'exit');
    ended.kill(signal);
    await exit;
  }

  await start();
  return {
    at: `${host}:${usedPort}`,
    port: usedPort,
    folder,
    get pid() {
      return child?.pid;
    },
    kill: () => end('SIGKILL'),
    start,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async remove() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Where the last node of a cluster runs, and how it reaches the others. */
export interface Elsewhere {
  readonly within: readonly string[];
  /** An address of that node, and one of the others as it sees them. */
  readonly host: string;
  readonly others: string;
}

/** Three nodes that keep three copies of everything. */
export async function startCluster(size = 3, elsewhere?: Elsewhere): Promise<readonly Broker[]> {
  const ports = await freePorts(2 * size);
  const isElsewhere = (node: number): boolean => elsewhere !== undefined && node === size - 1;
  const hostOf = (node: number): string => (isElsewhere(node) ? elsewhere?.host : elsewhere?.others) ?? '127.0.0.1';
  const routes = ports.slice(size).map((port, node) => `"nats-route://${hostOf(node)}:${port}"`);
  return Promise.all(
    ports.slice(0, size).map((port, node) =>
      startBroker({
        port,
        ...(isElsewhere(node) ? elsewhere : {}),
        lines: [
          `server_name: n${node}`,
          `cluster { name: c, listen: "${hostOf(node)}:${ports[size + node]}", routes: [${routes.join(', ')}] }`,
        ],
      }),
    ),
  );
}

/** Whether it takes connections; false once it has ended. */
async function answers(child: ChildProcess, host: string, port: number): Promise<boolean> {
  const end = performance.now() + 10_000;
  while (performance.now() < end) {
    if (child.exitCode !== null || child.signalCode !== null) return false;
    if (await canConnect(host, port)) return true;
    await sleep(20);
  }
  return false;
}

/** It greets with a line that begins with INFO. */
const canConnect = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, host);
    const done = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('data', (data) => done(data.toString().startsWith('INFO')));
    socket.once('error', () => done(false));
    socket.setTimeout(500, () => done(false));
  });

const freePort = async (): Promise<number> => (await freePorts(1))[0]!;

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
