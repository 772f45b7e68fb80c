/** How many lanes a store has unless it is told otherwise when it is made. */
export const defaultLanes = 1024;

/** The most a lane number has room for in a key, less the one of events without a lane. */
export const laneLimit = 65_535;

/** Of events without a lane: they wait for nobody. */
export const noLane = 0;

/**
 * The number of a vendor's lane, from 1: FNV-1a (32 bits) of its UTF-8 bytes, modulo `lanes`. Two keys may share a number, and then
 * wait for each other; one key never has two numbers while the count stays, so its order holds across puts and restarts.
 */
export function laneNumber(key: string | undefined, lanes: number): number {
  return key === undefined ? noLane : 1 + (fnv1a(key) % lanes);
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
