/** How many lanes a new store has unless its opener names a number. */
export const defaultLanes = 1024;

/** The number of lanes stays below this: a key stores a lane number in 16 bits, and 0 is taken. */
export const laneLimit = 65_535;

/** The number of events without a lane. */
export const noLane = 0;

/**
 * The number of a vendor's lane, from 1: FNV-1a (32 bits) of its UTF-8 bytes, modulo `lanes`. Two lanes may share a
 * number, and then wait for each other. While the count stays, a lane keeps its number, so its order holds across puts
 * and restarts.
 */
export function laneNumber(lane: string | undefined, lanes: number): number {
  return lane === undefined ? noLane : 1 + (fnv1a(lane) % lanes);
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
