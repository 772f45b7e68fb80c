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
      const crate = crateOf((items as unknown as readonly Parcel[]).filter((parcel) => forgotten.delete(parcel)));
      if (crate !== undefined) crates.push(crate);
    }
  } catch (error) {
    defect(line, 'batch', error);
  }
  if (forgotten.size > 0) defect(line, 'batch', new Error('batch() left out deliveries'));
  return { crates, forgotten };
}
