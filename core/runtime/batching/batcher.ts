import type { Batch, Delivery } from '../../api/delivery.ts';
import type { Frame } from '../../api/frame.ts';
import type { BatchLimits } from '../../api/manifest.ts';

/** The bytes that the frame adds around one text, and between two. */
export interface FrameBytes {
  readonly around: number;
  readonly between: number;
}
export const frameBytes = ({ open, separator, close }: Frame): FrameBytes => ({
  around: Buffer.byteLength(open) + Buffer.byteLength(close),
  between: Buffer.byteLength(separator),
});

/** A batch that still has room. */
interface OpenBatch<D> {
  items: D[];
  bytes: number;
  /** When its first delivery was added, by clock.elapsed. */
  readonly since: number;
}

/** Batches deliveries one by one, by group and lanes, within the limits. Takes linear time. */
export interface Batcher<D> {
  /** Returns the batch that this delivery completes, or that has no room left for it. */
  add(delivery: D, now: number): D[] | undefined;
  /** Takes out the batches opened at or before `since`; by default all of them. */
  flush(since?: number): D[][];
  /** When the first delivery of the oldest open batch was added. */
  oldest(): number | undefined;
  /** The number of open batches. */
  size(): number;
}

export function createBatcher<D extends Delivery<unknown>>(limits: BatchLimits, frame: FrameBytes): Batcher<D> {
  /** Oldest first. */
  const open = new Map<string, OpenBatch<D>>();
  return {
    add(delivery, now) {
      if (limits.maxItems === 1) return [delivery];
      const key = keyOf(delivery);
      const alone = frame.around + delivery.bytes;
      let batch = open.get(key);
      let full: D[] | undefined;
      if (batch !== undefined && batch.bytes + frame.between + delivery.bytes > limits.maxBytes) {
        full = batch.items;
        open.delete(key);
        batch = undefined;
      }
      if (batch === undefined) {
        batch = { items: [delivery], bytes: alone, since: now };
        open.set(key, batch);
      } else {
        batch.items.push(delivery);
        batch.bytes += frame.between + delivery.bytes;
      }
      if (batch.items.length >= limits.maxItems && full === undefined) {
        open.delete(key);
        return batch.items;
      }
      return full;
    },
    flush(since) {
      const batches: D[][] = [];
      for (const [key, batch] of open) {
        if (since !== undefined && batch.since > since) break;
        open.delete(key);
        batches.push(batch.items);
      }
      return batches;
    },
    oldest() {
      for (const { since } of open.values()) return since;
      return undefined;
    },
    size: () => open.size,
  };
}

/** The lengths go first, so that no name can imitate the separator. */
const keyOf = ({ group = '', lanes = none }: Delivery<unknown>): string =>
  lanes.reduce((key, lane) => `${key}${lane.length}:${lane}`, `${group.length}:${group}`);

const none: readonly string[] = [];

/** The default of Destination.batch: by group and lanes, then by count and bytes of the encoded body. */
export function batchByLimits<P>(
  deliveries: readonly Delivery<P>[],
  limits: BatchLimits,
  frame: FrameBytes,
): readonly Batch<P>[] {
  const packer = createBatcher<Delivery<P>>(limits, frame);
  const packed: Delivery<P>[][] = [];
  for (const delivery of deliveries) {
    const full = packer.add(delivery, 0);
    if (full !== undefined) packed.push(full);
  }
  return [...packed, ...packer.flush()].map((items) => ({
    group: items[0]?.group,
    lanes: items[0]?.lanes,
    items: items as [Delivery<P>, ...Delivery<P>[]],
  }));
}
