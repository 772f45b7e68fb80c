import { createServer } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServingProcess } from '../../support/cli/serving.ts';
import { defineProof, wholeNumber } from '../proof.ts';

const vendorMs = 20;
const tolerated = 1.1;

interface Latencies {
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
}

export default defineProof({
  name: 'bystanders',
  proves: 'a connection whose vendor hangs slows down no other connection of the service',
  takes: '3 min',
  about:
    '`spillway serve` with twenty connections that are well, and one whose vendor never answers. Clients deliver to the twenty, at a ' +
    'steady rate, first alone, then beside clients that deliver to the other one without end. Prints the latencies of both. Fails when the p99 ' +
    'of the twenty rises by more than a tenth, or one of their events is not delivered.',
  flags: {
    seconds: wholeNumber('seconds of each part', 60, 5),
    connections: wholeNumber('connections that are well', 20),
    rate: wholeNumber('requests a second to each of them', 5),
    hanging: wholeNumber('clients of the one that hangs', 50),
  },
  async run({ seconds, connections, rate, hanging }) {
    const folder = mkdtempSync(path.join(tmpdir(), 'spillway-bystanders-'));
    const vendor = createServer((request, response) => {
      request.resume();
      if (request.url?.includes('owner=hangs') === true) return;
      request.once('end', () => void setTimeout(() => response.end('{}'), vendorMs));
    });
    await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
    const ids = Array.from({ length: connections }, (_, n) => `well-${n}`);
    const of = (id: string, owner: string) => ({
      id,
      destination: 'mailbox',
      config: { apiKey: 'key-example-1', owner },
    });
    const config = path.join(folder, 'service.json');
    writeFileSync(config, JSON.stringify({ connections: [...ids.map((id) => of(id, 'ann')), of('hangs', 'hangs')] }));
    const service = await startServingProcess(['--config', config, '--origin', `mailbox=${origin}`]);
    try {
      const deliver = async (id: string): Promise<boolean> => {
        const events = Array.from({ length: 10 }, () => ({
          type: 'track',
          event: 'Letter',
          messageId: crypto.randomUUID(),
        }));
        const response = await fetch(`${service.origin}/v1/connections/${id}/deliver`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(events),
        });
        const outcomes = (await response.json()) as { kind: string }[];
        return outcomes.length === 10 && outcomes.every(({ kind }) => kind === 'delivered');
      };
      let undelivered = 0;
      const measure = async (forMs: number): Promise<Latencies> => {
        const taken: number[] = [];
        const sent: Promise<void>[] = [];
        const startedAt = performance.now();
        const everyMs = 1_000 / (rate * ids.length);
        for (let n = 0; performance.now() - startedAt < forMs; n += 1) {
          await sleep(Math.max(0, startedAt + n * everyMs - performance.now()));
          const at = performance.now();
          const one = deliver(ids[n % ids.length] as string).then((isDelivered) => {
            taken.push(performance.now() - at);
            if (!isDelivered) undelivered += 1;
          });
          sent.push(one);
        }
        await Promise.all(sent);
        taken.sort((a, b) => a - b);
        const at = (share: number): number => taken[Math.floor(taken.length * share)] ?? 0;
        return { requests: taken.length, p50: at(0.5), p99: at(0.99) };
      };
      await measure(5_000);
      const alone = await measure(seconds * 1_000);
      let isOver = false;
      const clients = Array.from({ length: hanging }, async () => {
        while (!isOver) await deliver('hangs').catch(() => sleep(100));
      });
      await sleep(1_000);
      const beside = await measure(seconds * 1_000);
      isOver = true;
      const text = ({ requests, p50, p99 }: Latencies): string =>
        `${requests} requests, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
      console.log(`alone: ${text(alone)}`);
      console.log(`beside ${hanging} clients of a connection that hangs: ${text(beside)}`);
      console.log(`p99 ratio ${(beside.p99 / alone.p99).toFixed(2)}; ${undelivered} requests not delivered whole`);
      vendor.closeAllConnections();
      service.send('SIGTERM');
      await service.ended;
      await Promise.all(clients);
      return undelivered === 0 && beside.p99 <= alone.p99 * tolerated;
    } finally {
      service.send('SIGTERM');
      vendor.close();
      vendor.closeAllConnections();
      rmSync(folder, { recursive: true, force: true });
    }
  },
});
