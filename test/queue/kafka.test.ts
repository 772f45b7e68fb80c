// Tests core/queue/deliver-until-settled.ts, as the host of docs/examples/kafka-host.ts uses it.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  kafkaHost,
  type EachBatchPayload,
  type KafkaHostOptions,
  type Message,
} from '../../docs/examples/kafka-host.ts';
import type { CdpEvent } from '../../core/index.ts';
import { start as noon } from '../../core/testing/kit/manual-clock.ts';
import { wholeWaits } from '../support/runtime/whole-waits.ts';
import { yes, type ScriptedReply, type Seen } from '../support/runtime/scripted-vendor.ts';
import { acme, testConnection, track, tracks, type TestConnectionOptions } from '../support/runtime/test-connection.ts';

const one = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };
const root = path.join(import.meta.dirname, '../..');

/** One partition of a topic, and a consumer group that hands out again what was not resolved. */
function kafka(
  events: readonly (CdpEvent | string)[],
  options: TestConnectionOptions = {},
  more: Partial<KafkaHostOptions> = {},
) {
  const made = testConnection({ destination: acme({}, one), ...options });
  const { clock, connection } = made;
  const messages: Message[] = events.map((event, offset) => ({
    offset: String(offset),
    timestamp: String(clock.now()),
    value: Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)),
  }));
  const resolved: number[] = [];
  const dead: [string, string][] = [];
  const log: string[] = [];
  const stopping = new AbortController();
  const state = { next: 0, committed: 0, paused: false, beats: 0, rebalanced: false };
  const eachBatch = kafkaHost({
    connection,
    deadLetter: async ({ offset }, why) => {
      await clock.sleep(1);
      log.push(`dead ${offset}`);
      dead.push([offset, why]);
    },
    signal: stopping.signal,
    clock: { now: clock.now, after: clock.after, random: wholeWaits },
    ...more,
  });
  const payload = (): EachBatchPayload => ({
    batch: { topic: 'events', partition: 0, messages: messages.slice(state.next) },
    resolveOffset(offset) {
      log.push(`resolved ${offset}`);
      resolved.push(Number(offset));
      state.next = Number(offset) + 1;
    },
    heartbeat() {
      state.beats += 1;
      return state.rebalanced ? Promise.reject(new Error('REBALANCE_IN_PROGRESS')) : Promise.resolve();
    },
    commitOffsetsIfNecessary() {
      state.committed = state.next;
      return Promise.resolve();
    },
    isRunning: () => !stopping.signal.aborted,
    isStale: () => false,
    pause() {
      state.paused = true;
      return () => {
        state.paused = false;
      };
    },
  });
  const poll = (): Promise<void> => clock.run(eachBatch(payload()));
  return { ...made, resolved, dead, log, state, stopping, poll };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('a Kafka host', () => {
  it('is shown in docs/kafka.md as it is run here', async () => {
    const code = (await readFile(path.join(root, 'docs/examples/kafka-host.ts'), 'utf8'))
      .replace('../../core/index.ts', 'spillway')
      .replace('../../core/queue/index.ts', 'spillway/queue')
      .trim();
    expect(await readFile(path.join(root, 'docs/kafka.md'), 'utf8')).toContain(`\`\`\`ts\n${code}\n\`\`\``);
  });

  it('resolves offsets in order, whatever order the events are settled in', async () => {
    const failing = new Set(['e2', 'e9']);
    const host = kafka(tracks(20), {
      script: ({ ids: [id = ''] }: Seen) => (failing.delete(id) ? { status: 503 } : yes),
    });
    await host.poll();
    expect(host.resolved).toEqual(upTo(20));
    expect(host.state.committed).toBe(20);
    expect(host.vendor.total).toBe(22);
  });

  it('beats while it waits for the vendor, so that the partition stays its own', async () => {
    let asked = 0;
    const busy: ScriptedReply = { status: 429, headers: { 'retry-after': '120' } };
    const host = kafka(tracks(3), { script: () => ((asked += 1) === 1 ? busy : yes) });
    await host.poll();
    expect(host.clock.now() - noon).toBe(120_000);
    expect(host.state.beats).toBeGreaterThanOrEqual(39);
    expect(host.resolved).toEqual(upTo(3));
  });

  it('writes a dead letter before it resolves its offset', async () => {
    const host = kafka([track('e0'), 'no JSON', track('e2'), track('e3')], {
      script: ({ ids: [id] }: Seen) => (id === 'e2' ? { status: 400 } : yes),
    });
    await host.poll();
    expect(host.log.filter((line) => line.endsWith(' 1') || line.endsWith(' 2'))).toEqual([
      'dead 1',
      'resolved 1',
      'dead 2',
      'resolved 2',
    ]);
    expect(host.dead.map(([offset]) => offset)).toEqual(['1', '2']);
    expect(host.resolved).toEqual(upTo(4));
  });

  it('loses its partition: sends nothing more, commits nothing unsettled, and hands the error on', async () => {
    const host: ReturnType<typeof kafka> = kafka(
      tracks(20),
      {
        destination: acme({}, { ...one, pace: { concurrency: 2, timeoutMs: 10_000 } }),
        script: async () => {
          await host.clock.sleep(1_000);
          return yes;
        },
      },
      { heartbeatMs: 2_500 },
    );
    host.state.rebalanced = true;
    await expect(host.poll()).rejects.toThrow('REBALANCE_IN_PROGRESS');
    expect(host.vendor.total).toBe(6);
    expect(host.resolved).toEqual(upTo(6));
    expect(host.state.committed).toBe(0);
  });

  it('stops: the next owner gets what is not settled, and nothing twice', async () => {
    const host: ReturnType<typeof kafka> = kafka(tracks(20), {
      destination: acme({}, { ...one, pace: { concurrency: 2, timeoutMs: 10_000 } }),
      script: async () => {
        await host.clock.sleep(1_000);
        return yes;
      },
    });
    host.clock.after(3_500, () => host.stopping.abort());
    await host.poll();
    expect(host.resolved).toEqual(upTo(8));
    expect(host.state.committed).toBe(8);
    const next = kafka(tracks(20));
    next.state.next = host.state.committed;
    await next.poll();
    const all = [...host.vendor.requests, ...next.vendor.requests].flatMap(({ ids }) => [...ids]);
    expect(all).toEqual(tracks(20).map(({ messageId }) => messageId));
  });

  it('rests a partition whose connection is suspended, and goes on when that is over', async () => {
    let good = false;
    const host = kafka(tracks(5), { script: () => (good ? yes : { status: 401 }) });
    await host.poll();
    expect(host.state.paused).toBe(true);
    expect(host.resolved).toEqual([]);
    good = true;
    await host.clock.advance(60_000);
    expect(host.state.paused).toBe(false);
    await host.poll();
    expect(host.resolved).toEqual(upTo(5));
  });

  it('works a batch chunk by chunk', async () => {
    const host = kafka(tracks(50), {}, { chunkSize: 20 });
    await host.poll();
    expect(host.resolved).toEqual(upTo(50));
  });
});
