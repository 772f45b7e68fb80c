import { defect, type ConnectionContext } from '../connection-context.ts';
import { invalidReturn } from '../invalid-return.ts';
import { batchByLimits } from './batcher.ts';
import { batchOf, type PendingBatch, type PendingDelivery } from './pending-delivery.ts';

/** A vendor's own batch() gets at most so many full requests' worth of deliveries at a time. */
export const windowsToBatch = 4;

/** Batches deliveries by the vendor's own batch(). Items that it repeats or invents are dropped. */
export function batchByVendor(
  context: ConnectionContext,
  deliveries: readonly PendingDelivery[],
): { readonly batches: PendingBatch[]; readonly omitted: Set<PendingDelivery> } {
  const { vendor } = context;
  const omitted = new Set(deliveries);
  const batches: PendingBatch[] = [];
  try {
    const vendorBatches: unknown = vendor.batch(deliveries, vendor.settings);
    if (!Array.isArray(vendorBatches)) throw invalidReturn(vendorBatches, 'batch() did not return a list');
    for (const { items } of vendorBatches as ReturnType<typeof vendor.batch>) {
      const ownDeliveries = (items as unknown as readonly PendingDelivery[]).filter((delivery) =>
        omitted.delete(delivery),
      );
      // The folder chooses the groups; the limits of the manifest and the connection still apply.
      for (const batch of batchByLimits(ownDeliveries, vendor.limits, vendor.framing)) {
        batches.push(batchOf(batch.items as unknown as readonly PendingDelivery[]) as PendingBatch);
      }
    }
  } catch (error) {
    defect(context, 'batch', error);
  }
  if (omitted.size > 0) defect(context, 'batch', invalidReturn(undefined, 'batch() left out deliveries'));
  return { batches, omitted };
}
