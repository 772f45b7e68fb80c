/** The moments at which `npm run kill` ends the process: at each of them, nothing confirmed may be lost. */
export const failpoints = [
  'before put',
  'after put before ack',
  'before send',
  'after send before record',
  'after record',
  'during a dead letter',
  'during pruning',
] as const;
export type Failpoint = (typeof failpoints)[number];

/** `SPILLWAY_FAILPOINT='before send:3'`: the third time round. Only for tests of a process that dies. */
const [armed, times = '1'] = (process.env['SPILLWAY_FAILPOINT'] ?? '').split(':');
let left = Number(times);

/** Whether there is one at all: to be asked where finding out the moment itself costs something. */
export const isArmed = armed !== '';

/** Ends the process as `kill -9` would, where the environment says so; without that, one comparison. */
export function failpoint(at: Failpoint): void {
  if (armed !== at) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}
