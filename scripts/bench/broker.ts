import { readdirSync, readFileSync } from 'node:fs';
import { startBroker, type Broker } from '../../test/support/jetstream/broker.ts';
import { moveTo, sinkCore } from './cores.ts';

/** A broker of its own, on another core than what is measured, and the CPU that it takes. */
export interface BenchBroker {
  readonly pid: number;
  url(stream: string, lanes?: number): string;
  /** In microseconds, since it started: all its threads. */
  cpuUs(): number;
  remove(): Promise<void>;
}

export async function startBenchBroker(): Promise<BenchBroker> {
  const broker = await startBroker();
  const pid = pidOf(broker);
  moveTo(sinkCore, pid);
  return {
    pid,
    url: (stream, lanes) => `nats://${broker.at}?stream=${stream}${lanes === undefined ? '' : `&lanes=${lanes}`}`,
    cpuUs: () => cpuUsOf(pid),
    remove: () => broker.remove(),
  };
}

function pidOf({ pid }: Broker): number {
  if (pid === undefined) throw new Error('the broker has ended');
  return pid;
}

/** To the nanosecond, where /proc/<pid>/stat counts hundredths of a second. */
function cpuUsOf(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`))
    total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return total / 1000;
}
