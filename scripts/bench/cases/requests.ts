import { Agent } from 'undici';
import { defaultReplyCap } from '../../../core/http/exchange.ts';
import { createPools } from '../../../core/http/pools.ts';
import { createTargetCheck } from '../../../core/http/target.ts';
import { createTransport } from '../../../core/http/transport.ts';
import type { WireResult } from '../../../core/index.ts';
import { reportRequest } from '../../../core/runtime/sending/report.ts';
import { systemClock } from '../../../core/policy/clock.ts';
import type { ConnectionContext } from '../../../core/runtime/connection-context.ts';
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
  if (hosts === 'origins') throw new Error(`${slug} has no host of its own to measure`);
  const { timeoutMs } = pace;
  const { now, elapsed } = systemClock;
  const transport = createTransport({
    target: createTargetCheck(hosts, sink.origin),
    origin: sink.origin,
    timeoutMs,
    pools: createPools({ socketsPerOrigin: concurrency }),
    now,
  });
  let signals = 0;
  const context = {
    slug,
    id: slug,
    clock: systemClock,
    emit: () => {
      signals += 1;
    },
  } as unknown as ConnectionContext;
  const request = {
    method: 'POST',
    url: `https://${hosts[0]}${floor.path}`,
    headers: floor.headers,
    body: text,
  } as const;
  const body = { text, bytes: Buffer.from(text), compressed: false };
  const send = (): Promise<WireResult> =>
    new Promise((resolve) => {
      const startedAt = elapsed();
      transport.send(request, body, {
        withinMs: 30_000,
        replyBytes: defaultReplyCap,
        onStart: () => undefined,
        onAnswer(result) {
          reportRequest(context, { items: 1, bytes: body.bytes.length, attempt: 1, startedAt }, result);
          resolve(result);
        },
      });
    });
  return {
    request: async () => {
      const result = await send();
      return result.kind === 'response' && result.response.status === yes.status && signals > 0;
    },
    close: () => transport.close(),
  };
}
