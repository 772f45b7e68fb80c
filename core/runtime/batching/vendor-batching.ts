import { batchByLimits } from './batcher.ts';
import { defect, type ConnectionContext } from '../connection-context.ts';
import { invalidReturn } from '../invalid-return.ts';
import { batchOf, type PendingBatch, type PendingDelivery } from './pending-delivery.ts';

/** A vendor's own batch() sees up to this many full requests' worth of deliveries at a time. */
export const windowsToBatch = 4;

/** What a vendor's own batch() made of its deliveries. It may be wrong: what it repeats or invents is left out. */
export function batchByVendor(
  context: ConnectionContext,
  deliveries: readonly PendingDelivery[],
): { readonly batches: PendingBatch[]; readonly forgotten: Set<PendingDelivery> } {
  const { vendor } = context;
  const forgotten = new Set(deliveries);
  const batches: PendingBatch[] = [];
  try {
    const vendorBatches: unknown = vendor.batch(deliveries, vendor.settings);
    if (!Array.isArray(vendorBatches)) throw invalidReturn(vendorBatches, 'batch() did not return a list');
    for (const { items } of vendorBatches as ReturnType<typeof vendor.batch>) {
      const ownDeliveries = (items as unknown as readonly PendingDelivery[]).filter((delivery) =>
        forgotten.delete(delivery),
      );
      // It may group as it likes; the limits of the manifest and the connection hold all the same.
      for (const batch of batchByLimits(ownDeliveries, vendor.limits, vendor.framing)) {
        batches.push(batchOf(batch.items as unknown as readonly PendingDelivery[]) as PendingBatch);
      }
    }
  } catch (error) {
    defect(context, 'batch', error);
  }
  if (forgotten.size > 0) defect(context, 'batch', invalidReturn(undefined, 'batch() left out deliveries'));
  return { batches, forgotten };
}
