import type { SettledCount } from '../../../queue/index.ts';
import { printable } from '../printable.ts';
import type { Output } from '../terminal.ts';

export interface ConnectionProgress extends SettledCount {
  readonly connection: string;
  readonly waiting: number;
  readonly paused: string | undefined;
}

export interface WorkProgress {
  stop(): void;
  /** Writes above the bars; absent where there is none. */
  readonly print: ((line: string) => void) | undefined;
}

const everyMs = 500;

/** On a terminal, a line per connection that is kept up to date; elsewhere nothing. */
export async function startWorkProgress(
  output: Output | undefined,
  lines: () => readonly ConnectionProgress[],
): Promise<WorkProgress> {
  if (output?.isTTY !== true) return { stop() {}, print: undefined };
  const { MultiBar } = (await import('cli-progress')).default;
  const multi = new MultiBar({
    stream: output,
    format: '{connection}  {waiting} waiting  {delivered} delivered  {dead} dead{paused}',
    hideCursor: null,
    clearOnComplete: true,
    // Its own handler of SIGINT would end the process before events in flight are settled.
    gracefulExit: false,
  });
  const width = Math.max(...lines().map(({ connection }) => connection.length));
  const show = ({ connection, waiting, delivered, dead, paused }: ConnectionProgress) => ({
    connection: printable(connection).padEnd(width),
    waiting: waiting.toLocaleString('en-US'),
    delivered: delivered.toLocaleString('en-US'),
    dead: dead.toLocaleString('en-US'),
    paused: paused === undefined ? '' : `  paused: ${paused}`,
  });
  const bars = lines().map((line) => multi.create(0, 0, show(line)));
  const update = (): void => lines().forEach((line, index) => bars[index]?.update(0, show(line)));
  const timer = setInterval(update, everyMs).unref();
  return {
    stop() {
      clearInterval(timer);
      multi.stop();
    },
    print(line) {
      multi.log(line);
      update();
    },
  };
}
