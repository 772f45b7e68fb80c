import { packByLimits } from './batcher.ts';
import { defect, type Line } from './line.ts';
import { nonsense } from './nonsense.ts';
import { crateOf, type Crate, type Parcel } from './parcel.ts';

/** What a vendor's own batch() made of its deliveries. It may be wrong: what it repeats or invents is left out. */
export function packByVendor(
  line: Line,
  parcels: readonly Parcel[],
): { readonly crates: Crate[]; readonly forgotten: Set<Parcel> } {
  const { vendor } = line;
  const forgotten = new Set(parcels);
  const crates: Crate[] = [];
  try {
    const batches = vendor.batch(parcels, vendor.settings);
    if (!Array.isArray(batches)) throw nonsense(batches, 'batch() did not return a list');
    for (const { items } of batches as ReturnType<typeof vendor.batch>) {
      const own = (items as unknown as readonly Parcel[]).filter((parcel) => forgotten.delete(parcel));
      // It may group as it likes; the limits of the manifest and the connection hold all the same.
      for (const batch of packByLimits(own, vendor.limits, vendor.framing)) {
        crates.push(crateOf(batch.items as unknown as readonly Parcel[]) as Crate);
      }
    }
  } catch (error) {
    defect(line, 'batch', error);
  }
  if (forgotten.size > 0) defect(line, 'batch', nonsense(undefined, 'batch() left out deliveries'));
  return { crates, forgotten };
}
