import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Failpoint } from '../../../core/queue/failpoint.ts';
import { repository } from '../repository.ts';

const here = fileURLToPath(import.meta.url);
/** Run from source, the CLI needs a compiler; the proof has compiled it. */
const program = here.endsWith('.ts')
  ? ['--import', 'tsx', path.join('core', 'hosts', 'cli', 'main.ts')]
  : [path.join('core', 'hosts', 'cli', 'main.js')];

export interface Ended {
  /** `null` when it was killed. */
  readonly code: number | null;
  readonly killed: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Child {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** `spillway` as a process of its own; with a failpoint it kills itself there, the n-th time round. */
export function spillway(args: readonly string[], failpoint?: readonly [Failpoint, times: number]): Child {
  const child = spawn(process.execPath, [...program, ...args], {
    cwd: repository,
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      ...(failpoint === undefined ? {} : { SPILLWAY_FAILPOINT: failpoint.join(':') }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    killed: signal === 'SIGKILL',
    stdout,
    stderr,
  }));
  return { process: child, ended };
}
