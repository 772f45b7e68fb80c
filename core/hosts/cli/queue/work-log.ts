import type { HoldChange } from '../../../queue/index.ts';
import { jsonText, printable } from '../printable.ts';
import { print, type Output } from '../terminal.ts';
import { freeBytes } from './disk.ts';
import { durationText, isoTime } from './format-time.ts';
import { FullDiskNews } from './full-disk-news.ts';
import { holdText } from './hold-text.ts';
import type { StoreLocation } from './store-location.ts';

export const logForms = ['text', 'json'] as const;
export type LogForm = (typeof logForms)[number];

/** The messages of a running `work`: a line for people, or a JSON object with `time` and `event`. */
export interface WorkLog {
  /** Sends the lines there from now on; back to the output where `write` is absent. */
  redirect(write: ((line: string) => void) | undefined): void;
  change(change: HoldChange): void;
  warn(message: string, details?: readonly string[]): Promise<unknown>;
}

export function createWorkLog(output: Output, form: LogForm, store: StoreLocation): WorkLog {
  let write: ((line: string) => void) | undefined;
  const disks = new FullDiskNews();

  function say(event: string, { fields, text }: Message): Promise<unknown> {
    const line =
      form === 'json'
        ? jsonText({ time: isoTime(Date.now()), event, ...fields })
        : `${printable(`spillway: ${text}`)}\n`;
    if (write === undefined) return print(output, line);
    write(line);
    return Promise.resolve();
  }

  return {
    redirect(next) {
      write = next;
    },
    warn(message, details = []) {
      const fields = { message, ...(details.length === 0 ? {} : { details }) };
      return say('remark', { fields, text: [message, ...details].join('\n  ') });
    },
    change(change) {
      if (disks.isNews(change)) void say(change.kind, messageOf(change, store));
    },
  };
}

interface Message {
  readonly fields: object;
  readonly text: string;
}

function messageOf(change: HoldChange, store: StoreLocation): Message {
  switch (change.kind) {
    case 'held': {
      const { connection, cause, code } = change;
      const until = isoTime(change.until);
      const text = `${connection} is held: ${holdText(cause, code)}; next try at ${until}`;
      return { fields: { connection, cause, reason: code, until }, text };
    }
    case 'resumed': {
      const { connection, afterMs } = change;
      return { fields: { connection, afterMs }, text: `${connection} continues after ${durationText(afterMs)}` };
    }
    case 'partial_outage': {
      const { connection, events } = change;
      const what = `${events} events fail at every attempt while others succeed; they wait until they are too old`;
      return { fields: { connection, events }, text: `${connection}: the vendor is partly down: ${what}` };
    }
    case 'partial_outage_over': {
      const { connection, afterMs } = change;
      const text = `${connection}: the vendor is no longer partly down, after ${durationText(afterMs)}`;
      return { fields: { connection, afterMs }, text };
    }
    case 'disk_full': {
      const { name } = store;
      if (store.kind === 'broker')
        return { fields: { store: name }, text: `the broker takes no more: its disk or a stream is full at ${name}` };
      const free = freeBytes(store.path);
      return { fields: { freeBytes: free, path: name }, text: `the disk is full: ${free} bytes free at ${name}` };
    }
    case 'disk_freed': {
      const { kind, name } = store;
      if (kind === 'broker') return { fields: { store: name }, text: `the broker accepts writes again at ${name}` };
      return { fields: { path: name }, text: `the disk accepts writes again at ${name}` };
    }
  }
}
