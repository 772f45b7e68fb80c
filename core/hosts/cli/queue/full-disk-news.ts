import type { Signal } from '../../../index.ts';
import type { HoldChange } from '../../../queue/index.ts';

/** All connections of a store have one disk: its first that is full is news, and when none is any more. */
export class FullDiskNews {
  readonly #full = new Set<string>();

  isNews({ kind, connection }: HoldChange): boolean {
    if (kind !== 'disk_full' && kind !== 'disk_freed') return true;
    const before = this.#full.size;
    if (kind === 'disk_full') this.#full.add(connection);
    else this.#full.delete(connection);
    return (before === 0) !== (this.#full.size === 0);
  }
}

/** A full disk is no defect of ours, and a log has a line of its own for it. */
export const isOfFullDisk = (signal: Signal): boolean =>
  signal.kind === 'defect' && signal.where === 'queue.settle' && String(signal.error).startsWith('QueueFull');
