import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { HostReport, Way } from '../../support/host/run.ts';

export interface Job {
  readonly slug: string;
  readonly way: Way;
  readonly count: number;
  readonly seed: number;
  readonly loopback: boolean;
}

/** One run in a process of its own: two cores can work side by side, and memory ends with it. */
export function runApart(job: Job): Promise<HostReport> {
  const child = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), [JSON.stringify(job)], {
    execArgv: ['--import', 'tsx'],
  });
  return new Promise((resolve, reject) => {
    child.once('message', (report) => resolve(report as HostReport));
    child.once('exit', (code) =>
      reject(new Error(`${job.slug} ${job.way}: the run ended with ${code}, without a report`)),
    );
  });
}
