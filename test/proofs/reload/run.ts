import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRandom } from '../../../core/testing/simulators/random.ts';
import type { Serving } from '../../support/cli/serving.ts';
import { messageAfter, ServiceFiles, type StepKind } from './settings.ts';
import { startVendor, type Vendor } from './vendor.ts';

export interface ReloadRun {
  /** How often the files change. */
  readonly reloads: number;
  /** Clients that deliver, and as many that have events kept. */
  readonly clients: number;
  readonly seed: number;
  /** Starts `spillway serve`. */
  readonly serve: (args: readonly string[]) => Promise<Serving>;
}

export interface ReloadReport {
  readonly steps: Readonly<Partial<Record<StepKind, number>>>;
  /** Events that had `delivered` as an answer, and events that were answered with 202. */
  readonly delivered: number;
  readonly kept: number;
  /** Those of them that the vendor does not have. */
  readonly lost: number;
  /** Those that it has twice. */
  readonly twice: number;
  /** Requests to the vendor: with settings of two files, and with settings of a wrong one. */
  readonly mixed: number;
  readonly wrong: number;
  readonly requests: number;
  /** How many different settings the vendor saw. */
  readonly pairs: number;
  /** Connections that were opened to the vendor, and those of them that were closed before the end. */
  readonly sockets: number;
  readonly closedSockets: number;
  /** Answers of the service, by route and status. */
  readonly answers: Readonly<Record<string, number>>;
  readonly exitCode: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** Answers that say how things are, and cost nothing: the client asks again. */
const later: ReadonlySet<number> = new Set([404, 409, 429, 503]);

/** What the clients were told. */
class Clients {
  readonly delivered = new Set<string>();
  readonly kept = new Set<string>();
  readonly answers: Record<string, number> = {};
  readonly #serving: Serving;
  #number = 0;
  isStopped = false;

  constructor(serving: Serving) {
    this.#serving = serving;
  }

  /** Sends events, one request after another, until they are stopped. What is deferred is sent again. */
  async deliver(connection: string): Promise<void> {
    let waiting: readonly string[] = [];
    while (!this.isStopped || waiting.length > 0) {
      const ids = waiting.length > 0 ? waiting : this.#ids(5);
      const response = await this.#post(`/v1/connections/${connection}/deliver`, ids);
      if (response === undefined) {
        waiting = ids;
        continue;
      }
      const outcomes = (await response.json()) as { kind: string }[];
      waiting = ids.filter((_, index) => outcomes[index]?.kind !== 'delivered');
      for (const id of ids) if (!waiting.includes(id)) this.delivered.add(id);
    }
  }

  /** Has events kept in the same way. */
  async keep(connection: string): Promise<void> {
    while (!this.isStopped) {
      const ids = this.#ids(5);
      while ((await this.#post(`/v1/connections/${connection}/events`, ids)) === undefined) {
        if (this.isStopped) return;
        await pause(20);
      }
      for (const id of ids) this.kept.add(id);
      await pause(5);
    }
  }

  #ids(count: number): string[] {
    return Array.from({ length: count }, () => `m-${(this.#number += 1)}`);
  }

  /** `undefined`: nothing was taken. */
  async #post(route: string, ids: readonly string[]): Promise<Response | undefined> {
    const events = ids.map((messageId) => ({ type: 'track', event: 'Letter Sent', messageId }));
    const response = await this.#serving.ask('POST', route, events);
    const key = `${route.split('/').at(-1)} ${response.status}`;
    this.answers[key] = (this.answers[key] ?? 0) + 1;
    if (response.ok) return response;
    await response.arrayBuffer();
    if (!later.has(response.status)) throw new Error(`${route} answered ${response.status}`);
    return undefined;
  }
}

/** Changes the settings of a service again and again while clients use it, and looks every event up at the vendor. */
export async function runReloads(run: ReloadRun): Promise<ReloadReport> {
  const folder = mkdtempSync(path.join(tmpdir(), 'spillway-reload-'));
  const random = createRandom(run.seed);
  const vendor = await startVendor(() => 1 + random.below(10));
  try {
    const files = new ServiceFiles(folder);
    const store = path.join(folder, 'store');
    const args = ['--config', files.config, '--store', store, '--origin', `mailbox=${vendor.origin}`];
    const serving = await run.serve(args);
    const clients = new Clients(serving);
    const working = Promise.all(
      Array.from({ length: run.clients }, (_, n) => n).flatMap((n) => [
        clients.deliver(n % 2 === 0 ? 'changing' : 'steady'),
        clients.keep((['changing', 'steady', 'second'] as const)[n % 3] ?? 'steady'),
      ]),
    );
    const failed = working.then(
      () => undefined,
      (error: unknown) => Promise.reject(error as Error),
    );
    await Promise.race([untilBusy(vendor), failed]);
    const steps: Partial<Record<StepKind, number>> = {};
    let hasSecond = true;
    for (let n = 0; n < run.reloads || !hasSecond; n += 1) {
      const kind: StepKind = n < run.reloads ? nextKind(random.next(), hasSecond) : 'back';
      if (kind === 'removed' || kind === 'back') hasSecond = kind === 'back';
      const lines = serving.log().length;
      files.step(kind);
      // One in ten is left for the service to notice by itself.
      if (n % 10 !== 9) serving.send('SIGHUP');
      await Promise.race([serving.logged(messageAfter(kind), lines), failed]);
      steps[kind] = (steps[kind] ?? 0) + 1;
      await Promise.race([pause(random.below(100)), failed]);
    }
    clients.isStopped = true;
    await working;
    await untilSettled(serving);
    const report = judge(clients, vendor);
    serving.send('SIGTERM');
    const { code } = await serving.ended;
    return { steps, ...report, exitCode: code };
  } finally {
    await vendor.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function nextKind(chance: number, hasSecond: boolean): StepKind {
  if (chance < 0.2) return hasSecond ? 'removed' : 'back';
  if (chance < 0.35) return 'wrong';
  if (chance < 0.45) return 'wrong-file';
  return chance < 0.7 ? 'secret' : 'changed';
}

/** Resolves once the vendor has had some requests. */
async function untilBusy(vendor: Vendor): Promise<void> {
  while (vendor.requests < 100) await pause(10);
}

/** Resolves once nothing waits in the store. */
async function untilSettled({ ask }: Serving): Promise<void> {
  for (let waiting = 1; waiting > 0;) {
    await pause(50);
    const { connections } = (await (await ask('GET', '/v1/connections')).json()) as {
      connections: { waiting: number }[];
    };
    waiting = connections.reduce((sum, one) => sum + one.waiting, 0);
  }
}

function judge(
  { delivered, kept, answers }: Clients,
  { letters, pairs, requests, sockets, closedSockets }: Vendor,
): Omit<ReloadReport, 'steps' | 'exitCode'> {
  const requestsWith = (isIt: (key: string, owner: string) => boolean): number =>
    [...pairs].reduce((sum, [pair, times]) => {
      const [key = '', owner = ''] = pair.split(' ');
      return isIt(key, owner) ? sum + times : sum;
    }, 0);
  return {
    delivered: delivered.size,
    kept: kept.size,
    lost: [...delivered, ...kept].filter((id) => !letters.has(id)).length,
    twice: [...letters.values()].filter((times) => times > 1).length,
    mixed: requestsWith((key, owner) => key !== owner),
    wrong: requestsWith((key, owner) => key.startsWith('wrong') || owner.startsWith('wrong')),
    requests,
    pairs: pairs.size,
    sockets,
    closedSockets,
    answers,
  };
}
