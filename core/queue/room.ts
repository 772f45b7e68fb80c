const pieceSize = 64 * 1024;
let piece = Buffer.alloc(0);
let used = 0;

/**
 * Bytes to write into, not zeroed. Many of them share one allocation: for a record of a few kB an ArrayBuffer of its own costs
 * more than all that is written into it, then and when it is collected.
 */
export function room(length: number): Buffer {
  if (length > pieceSize / 8) return Buffer.allocUnsafeSlow(length);
  if (used + length > piece.length) {
    piece = Buffer.allocUnsafeSlow(pieceSize);
    used = 0;
  }
  used += length;
  return piece.subarray(used - length, used);
}
