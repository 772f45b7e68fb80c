import { Agent } from 'undici';
import { connect } from '../connect.ts';
import type { Effort } from '../effort.ts';
import { atLeast, type Row } from '../report.ts';
import { cpuPerEvent, interleave } from '../rounds.ts';
import { expectAll, inCallsOf, streamed } from '../runs.ts';
import { startSink } from '../sink.ts';
import { linesFor, subjects, type Subject, type SubjectName } from '../subjects.ts';

/** Of the floor of the same run. Adjust with three parameters is there to be compared with. */
const aims: Readonly<Partial<Record<SubjectName, number>>> = {
  'AdRoll, 100 a request': 0.72,
  'Rokt, 100 a request': 0.72,
  'Rokt, 1 a request': 0.85,
  'Adjust all, 1 a request': 0.78,
};

/** Line -> delivered, over loopback, against the least code that does it with undici. */
export async function delivered(effort: Effort): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const subject of subjects) {
    const lines = linesFor(subject, effort.events);
    const { concurrency } = subject.destination.manifest.pace;
    const sink = await startSink(subject);
    const agent = new Agent({ connections: concurrency, pipelining: 1 });
    const { connection, runtime } = connect(subject, { origin: sink.origin });
    const measured = await interleave(
      [
        { name: 'floor by hand, Agent.request', run: () => withAgent(subject, agent, sink.origin, concurrency, lines) },
        { name: 'stream()', run: () => streamed(connection, lines) },
        { name: 'deliver(), 2,000 a call', run: () => inCallsOf(2000, connection, lines) },
      ],
      cpuPerEvent(lines.length),
      effort,
    );
    for (const { name, ratio, ...spread } of measured) {
      const least = aims[subject.name];
      const aim = name.startsWith('floor') || least === undefined ? {} : { aim: atLeast(ratio, least) };
      rows.push({ what: `${subject.name}: ${name}`, ...spread, unit: 'CPU us/event', ratio, ...aim });
      if (name !== 'stream()' || subject.name !== 'Rokt, 100 a request') continue;
      const perSecond = { median: 1e6 / spread.median, min: 1e6 / spread.max, max: 1e6 / spread.min };
      const aimed = atLeast(perSecond.median, 45_000);
      rows.push({ what: `${subject.name}: stream()`, ...perSecond, unit: 'events/CPU s', aim: aimed });
    }
    await Promise.all([runtime.close(), agent.close()]);
    sink.stop();
  }
  return rows;
}

/** As many loops as the connection has slots; each makes a body, sends it, reads the answer. */
async function withAgent(
  { floor, perRequest, yes }: Subject,
  agent: Agent,
  origin: string,
  concurrency: number,
  lines: readonly string[],
): Promise<void> {
  const { path, headers, bodyOf } = floor;
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < lines.length) {
      const from = next;
      next += perRequest;
      const taken = lines.slice(from, next);
      const { statusCode, body } = await agent.request({ origin, path, method: 'POST', headers, body: bodyOf(taken) });
      await body.text();
      if (statusCode === yes.status) done += taken.length;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  expectAll(done, lines.length);
}
