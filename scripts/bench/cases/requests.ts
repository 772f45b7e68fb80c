import { Agent } from 'undici';
import { defaultReplyCap } from '../../../core/http/exchange.ts';
import { createRedactor } from '../../../core/http/redact.ts';
import { createPools } from '../../../core/http/pools.ts';
import { createTransport } from '../../../core/http/transport.ts';
import { AttemptWire } from '../../../core/runtime/sending/attempt-wire.ts';
import { systemClock } from '../../../core/policy/clock.ts';
import { createPacer } from '../../../core/runtime/sending/pacer.ts';
import type { Call, ConnectionContext } from '../../../core/runtime/connection-context.ts';
import type { PendingBatch } from '../../../core/runtime/batching/pending-delivery.ts';
import type { Effort } from '../effort.ts';
import { atLeast, type Row } from '../report.ts';
import { cpuPerEvent, interleave } from '../rounds.ts';
import { expectAll } from '../runs.ts';
import { startSink, type Sink } from '../sink.ts';
import { linesFor, subjects, type Subject } from '../subjects.ts';

const concurrency = 32;

/** The request layer alone, with deadlines, host check and signals, on a body made beforehand. */
export async function requests(effort: Effort): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const subject of subjects) {
    const sink = await startSink(subject);
    const text = subject.floor.bodyOf(linesFor(subject, subject.perRequest));
    const count = subject.perRequest === 1 ? effort.events : effort.events >> 2;
    const agent = new Agent({ connections: concurrency, pipelining: 1 });
    const ours = wireOf(subject, sink, text);
    const measured = await interleave(
      [
        { name: 'Agent.request', run: () => repeat(count, bare(subject, agent, sink, text)) },
        { name: 'ours', run: () => repeat(count, ours.request) },
      ],
      cpuPerEvent(count),
      effort,
    );
    for (const { name, ratio, ...spread } of measured) {
      const what = `${subject.name} (${(text.length / 1000).toFixed(1)} kB): ${name}`;
      const aim = name === 'ours' ? { aim: atLeast(ratio, 0.9) } : {};
      rows.push({ what, ...spread, unit: 'CPU us/request', ratio, ...aim });
    }
    await Promise.all([ours.close(), agent.close()]);
    sink.stop();
  }
  return rows;
}

/** One request; true when the vendor said its yes. */
type Request = () => Promise<boolean>;

async function repeat(count: number, request: Request): Promise<void> {
  let left = count;
  let done = 0;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      if (await request()) done += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  expectAll(done, count);
}

function bare({ floor: { path, headers }, yes }: Subject, agent: Agent, { origin }: Sink, text: string): Request {
  const bytes = Buffer.from(text);
  return async () => {
    const { statusCode, body } = await agent.request({ origin, path, method: 'POST', headers, body: bytes });
    await body.text();
    return statusCode === yes.status;
  };
}

/** What a send() calls, without the runtime around it. */
function wireOf({ floor, destination, yes }: Subject, sink: Sink, text: string) {
  const { slug, hosts, pace } = destination.manifest;
  const { timeoutMs } = pace;
  const { now } = systemClock;
  const transport = createTransport({
    hosts,
    origin: sink.origin,
    timeoutMs,
    pools: createPools({ socketsPerOrigin: concurrency }),
    now,
  });
  let signals = 0;
  const line: Pick<ConnectionContext, 'slug' | 'id' | 'transport' | 'clock' | 'redactor' | 'emit' | 'pacer'> & {
    readonly vendor: object;
  } = {
    slug,
    id: slug,
    vendor: { replyBytes: defaultReplyCap },
    transport,
    clock: systemClock,
    pacer: createPacer(concurrency, [], systemClock),
    redactor: createRedactor([]),
    emit: () => {
      signals += 1;
    },
  };
  const call = { line } as unknown as Call;
  const request = {
    method: 'POST',
    url: `https://${hosts[0]}${floor.path}`,
    headers: floor.headers,
    body: text,
  } as const;
  const sealed = { text, bytes: Buffer.from(text), compressed: false };
  return {
    request: async () => {
      const crate = { items: [{}], deadline: now() + 30_000 } as unknown as PendingBatch;
      const result = await new AttemptWire(call, crate, 1, sealed).request(request);
      return result.kind === 'response' && result.response.status === yes.status && signals > 0;
    },
    close: () => transport.close(),
  };
}
