import { Agent, type Dispatcher } from 'undici';
import { connect } from '../connect.ts';
import type { Effort } from '../effort.ts';
import { atLeast, type Row } from '../report.ts';
import { interleave, timePerEvent } from '../rounds.ts';
import { streamed } from '../runs.ts';
import { startSink } from '../sink.ts';
import { linesFor, subjectOf, type Subject } from '../subjects.ts';

const latencyMs = 50;
const inFlight = 1000;

/** A vendor that takes its time, and a host that was granted many requests at once. Time on the wall counts here. */
export async function latency(effort: Effort): Promise<readonly Row[]> {
  const subject = subjectOf('Adjust, 1 a request');
  const lines = linesFor(subject, effort.quick ? 10_000 : 30_000, { phones: 50_000 });
  const sink = await startSink(subject, latencyMs);
  const agent = new Agent({ connections: inFlight, pipelining: 1 });
  const { connection, runtime } = connect(subject, { origin: sink.origin, concurrency: inFlight });
  const measured = await interleave(
    [
      { name: 'floor by hand, dispatch()', run: () => dispatchAll(subject, agent, sink.origin, lines) },
      { name: 'stream()', run: () => streamed(connection, lines) },
    ],
    timePerEvent(lines.length),
    { rounds: effort.quick ? 3 : 9, warmUps: 1 },
  );
  await Promise.all([runtime.close(), agent.close()]);
  sink.stop();
  return measured.map(({ name, ratio, median, min, max }) => ({
    what: `${subject.name}: ${name}`,
    median: 1e6 / median,
    min: 1e6 / max,
    max: 1e6 / min,
    unit: 'events/s',
    ratio,
    ...(name === 'stream()' ? { aim: atLeast(ratio, 0.8) } : {}),
  }));
}

function dispatchAll({ floor, yes }: Subject, agent: Agent, origin: string, lines: readonly string[]): Promise<void> {
  const { path, headers, bodyOf } = floor;
  return new Promise((resolve, reject) => {
    let next = 0;
    let done = 0;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, status) => {
        if (status !== yes.status) reject(new Error(`status ${status}`));
      },
      onResponseData: () => undefined,
      onResponseEnd: () => {
        done += 1;
        if (done === lines.length) resolve();
        else send();
      },
      onResponseError: (_controller, error) => reject(error),
    };
    const send = (): void => {
      const line = lines[next];
      next += 1;
      if (line !== undefined) agent.dispatch({ origin, path, method: 'POST', headers, body: bodyOf([line]) }, handler);
    };
    for (let slot = 0; slot < inFlight; slot += 1) send();
  });
}
