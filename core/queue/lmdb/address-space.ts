import { readFileSync } from 'node:fs';

/** What 64 bits leave to a process, and some of it is in use. */
const most = 2 ** 46;

/**
 * Throws ENOMEM where so many bytes cannot be mapped: LMDB does not live through that. What is mapped is no memory in
 * use, and counts towards the limit of addresses alone (`ulimit -v`).
 */
export function assertMappable(bytes: number): void {
  const left = Math.min(most, limit() - inUse());
  if (bytes <= left) return;
  const message = `ENOMEM: ${bytes} bytes of addresses are needed, and ${Math.max(0, left)} may be had (ulimit -v)`;
  throw Object.assign(new Error(message), { code: 'ENOMEM' });
}

function limit(): number {
  const soft = /^Max address space +(\d+)/m.exec(readProc('limits'))?.[1];
  return soft === undefined ? Infinity : Number(soft);
}

function inUse(): number {
  const kilobytes = /^VmSize:\s+(\d+) kB/m.exec(readProc('status'))?.[1];
  return kilobytes === undefined ? 0 : Number(kilobytes) * 1024;
}

/** Nothing where there is no /proc. */
function readProc(file: string): string {
  try {
    return readFileSync(`/proc/self/${file}`, 'utf8');
  } catch {
    return '';
  }
}
