import { fork } from 'node:child_process';
import { childScript } from './children/child.ts';
import type { Load } from './children/http-client.ts';
import { moveTo, sinkCore } from './cores.ts';

/** Clients of an HTTP service, in a process of their own. */
export interface HttpClients {
  /** Resolves to the seconds that it took to have all of it answered. */
  send(load: Omit<Load, 'run'>): Promise<number>;
  stop(): void;
}

export function startHttpClients(): HttpClients {
  const child = fork(childScript('http-client'), { execArgv: [] });
  moveTo(sinkCore, child.pid);
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', () => reject(new Error('the clients ended')));
  });
  ended.catch(() => undefined);
  let run = 0;
  return {
    send(load) {
      run += 1;
      child.send({ ...load, run });
      const answered = new Promise<number>((resolve) => {
        child.once('message', (seconds) => resolve(seconds as number));
      });
      return Promise.race([answered, ended]);
    },
    stop: () => void child.kill(),
  };
}
