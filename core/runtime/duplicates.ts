import Denque from 'denque';

/** The messageIds of late, for vendors that a second copy would harm. */
export interface Duplicates {
  /** Was there an event with this id already? It is remembered from now on. */
  again(id: string): boolean;
}

/** Remembers the last `size` ids. A Set knows its oldest, too, but takes long to find it once many were deleted. */
export function createDuplicates(size: number): Duplicates {
  const ids = new Set<string>();
  const byAge = new Denque<string>();
  return {
    again(id) {
      if (ids.has(id)) return true;
      ids.add(id);
      byAge.push(id);
      if (byAge.length > size) ids.delete(byAge.shift() as string);
      return false;
    },
  };
}
