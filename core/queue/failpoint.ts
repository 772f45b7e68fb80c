/**
 * The moments at which `npm run proof -- kill` ends the process. At each of them, nothing confirmed may be lost. Not a
 * public export.
 */
export const failpoints = [
  'before put',
  'after put before ack',
  'before send',
  'after send before record',
  'after record',
  'during a dead letter',
  'during pruning',
] as const;
/** Moments of the process that copies a store. */
type CopyFailpoint = 'during a copy' | 'before a swap' | 'during a swap' | 'after a swap';
/** Moments of a process that moves records into another store. */
type MoveFailpoint = 'before a page leaves' | 'after a page left';
export type Failpoint = (typeof failpoints)[number];

/** `SPILLWAY_FAILPOINT='before send:3'`: the third time. Only for tests of a process that dies. */
const [armed, times = '1'] = (process.env['SPILLWAY_FAILPOINT'] ?? '').split(':');
let left = Number(times);

/** Whether any is set: ask first where finding out the moment costs something. */
export const isArmed = armed !== '';

/** Ends the process as `kill -9` would, where the environment says so. Else it costs one comparison. */
export function failpoint(at: Failpoint | CopyFailpoint | MoveFailpoint): void {
  if (armed !== at) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}
