import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A Prometheus of Debian's package that scrapes one target every second. */
export interface Prometheus {
  /** An instant query. Throws where Prometheus refuses it. */
  query(expression: string): Promise<readonly Sample[]>;
  /** Resolves after two scrapes that begin from now. */
  scraped(): Promise<void>;
  get(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startPrometheus(
  target: { readonly port: number; readonly token: string },
  rules: string,
): Promise<Prometheus> {
  const folder = mkdtempSync(path.join(tmpdir(), 'spillway-prometheus-'));
  const config = path.join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: [
        {
          job_name: 'spillway',
          authorization: { credentials: target.token },
          static_configs: [{ targets: [`127.0.0.1:${target.port}`] }],
        },
      ],
    }),
  );
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  let isOver = false;
  const ended = new Promise<void>((resolve) => void child.once('close', resolve).once('error', resolve)).then(() => {
    isOver = true;
  });
  const get = async (at: string): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}${at}`)).json();
  while (
    !(await fetch(`http://127.0.0.1:${port}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (isOver) throw new Error(`prometheus ended: ${log}`);
    await sleep(50);
  }
  return {
    get,
    async query(expression) {
      const answer = (await get(`/api/v1/query?query=${encodeURIComponent(expression)}`)) as {
        status: string;
        error?: string;
        data: { result: readonly { metric: Record<string, string>; value: [number, string] }[] };
      };
      if (answer.status !== 'success') throw new Error(`${expression}: ${answer.error}`);
      return answer.data.result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
    },
    async scraped() {
      const scrapes = async (): Promise<number> => {
        const { data } = (await get('/api/v1/targets')) as {
          data: { activeTargets: { lastScrape: string; health: string }[] };
        };
        const [one] = data.activeTargets;
        return one?.health === 'up' ? Date.parse(one.lastScrape) : 0;
      };
      for (let round = 0; round < 2; round += 1) {
        const since = Math.max(Date.now(), await scrapes());
        while ((await scrapes()) <= since) await sleep(100);
      }
    },
    async stop() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
