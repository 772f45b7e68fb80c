import { printable } from '../printable.ts';
import { print, type Output } from '../terminal.ts';
import { whyHeld, type HoldChange } from './attendance.ts';
import { freeBytes } from './disk.ts';
import { spanOf, written } from './time.ts';

export const logForms = ['text', 'json'] as const;
export type LogForm = (typeof logForms)[number];

/** What a running `work` says: a line for people, or a JSON object with `time` and `event`. */
export interface WorkLog {
  /** Where the lines go from now on; back to the output where it is absent. */
  through(write: ((line: string) => void) | undefined): void;
  change(change: HoldChange): void;
  remark(message: string, details?: readonly string[]): Promise<unknown>;
}

export function createWorkLog(output: Output, form: LogForm, store: string): WorkLog {
  let write: ((line: string) => void) | undefined;

  function say(event: string, fields: object, text: string): Promise<unknown> {
    const line =
      form === 'json'
        ? JSON.stringify({ time: written(Date.now()), event, ...fields })
        : printable(`spillway: ${text}`);
    if (write === undefined) return print(output, `${line}\n`);
    write(`${line}\n`);
    return Promise.resolve();
  }

  return {
    through(next) {
      write = next;
    },
    remark: (message, details = []) =>
      say('remark', { message, ...(details.length === 0 ? {} : { details }) }, [message, ...details].join('\n  ')),
    change(change) {
      switch (change.kind) {
        case 'held': {
          const { connection, cause, code, until } = change;
          const why = whyHeld(cause, code);
          void say(
            'held',
            { connection, cause, reason: code, until: written(until) },
            `${connection} is held: ${why}; next try at ${written(until)}`,
          );
          return;
        }
        case 'resumed': {
          const { connection, afterMs } = change;
          void say('resumed', { connection, afterMs }, `${connection} continues after ${spanOf(afterMs)}`);
          return;
        }
        case 'partial_outage': {
          const { connection, events } = change;
          const what = `the vendor is partly down: ${events} events fail at every attempt while others succeed`;
          void say(
            'partial_outage',
            { connection, events },
            `${connection}: ${what}; they wait until they are too old`,
          );
          return;
        }
        case 'partial_outage_over': {
          const { connection, afterMs } = change;
          const text = `${connection}: the vendor is no longer partly down, after ${spanOf(afterMs)}`;
          void say('partial_outage_over', { connection, afterMs }, text);
          return;
        }
        case 'disk_full': {
          const free = freeBytes(store);
          void say('disk_full', { freeBytes: free, path: store }, `the disk is full: ${free} bytes free at ${store}`);
          return;
        }
        case 'disk_freed':
          void say('disk_freed', { path: store }, `the disk accepts writes again at ${store}`);
      }
    },
  };
}
