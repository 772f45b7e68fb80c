import { fork } from 'node:child_process';
import path from 'node:path';
import { moveTo, sinkCore } from './cores.ts';
import type { Subject } from './subjects.ts';

/** A vendor on loopback in a process of its own: reads requests, and answers with the plain yes. */
export interface Sink {
  readonly origin: string;
  stop(): void;
}

export async function startSink({ yes }: Subject, delayMs = 0): Promise<Sink> {
  const script = path.join(import.meta.dirname, 'children', 'sink.js');
  const args = [String(yes.status), yes.body, String(delayMs)];
  const child = fork(script, args, { execArgv: [] });
  moveTo(sinkCore, child.pid);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(message as number));
    child.once('exit', (code) => reject(new Error(`the sink ended with ${code}`)));
  });
  child.removeAllListeners('exit');
  child.unref();
  return { origin: `http://127.0.0.1:${port}`, stop: () => void child.kill() };
}
