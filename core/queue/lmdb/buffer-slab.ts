const slabBytes = 64 * 1024;
let slab = Buffer.alloc(0);
let used = 0;

/**
 * Returns a buffer to write into, not zeroed. Small buffers share one allocation: for a record of a few kB, an
 * ArrayBuffer of its own costs more, to make and to collect, than everything that is written into it.
 */
export function allocate(length: number): Buffer {
  if (length > slabBytes / 8) return Buffer.allocUnsafeSlow(length);
  if (used + length > slab.length) {
    slab = Buffer.allocUnsafeSlow(slabBytes);
    used = 0;
  }
  used += length;
  return slab.subarray(used - length, used);
}
