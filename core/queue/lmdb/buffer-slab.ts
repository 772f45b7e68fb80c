const slabBytes = 64 * 1024;
let slab = Buffer.alloc(0);
let used = 0;

/**
 * Bytes to write into, not zeroed. Many of them share one allocation: for a record of a few kB an ArrayBuffer of its own costs
 * more than all that is written into it, then and when it is collected.
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
