import { readFileSync } from 'node:fs';

/** Addresses that a process has on 64 bits, less a margin. */
const most = 2 ** 46;

/**
 * Throws ENOMEM when so many bytes cannot be mapped: LMDB does not survive that. A map is address space, not memory,
 * and counts towards `ulimit -v` alone.
 */
export function assertMappable(bytes: number): void {
  const left = Math.min(most, limit() - inUse());
  if (bytes <= left) return;
  const message = `ENOMEM: ${bytes} bytes of address space are needed, and ${Math.max(0, left)} are left (ulimit -v)`;
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

/** Empty where there is no /proc. */
function readProc(file: string): string {
  try {
    return readFileSync(`/proc/self/${file}`, 'utf8');
  } catch {
    return '';
  }
}
