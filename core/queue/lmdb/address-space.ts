import { readFileSync } from 'node:fs';

/** Addresses that a process has on 64 bits, less a margin. */
const most = 2 ** 46;

/** Throws ENOMEM where `ulimit -v` leaves too few addresses for a map of so many bytes: LMDB would end the process. */
export function assertMappable(bytes: number): void {
  const limit = numberIn('limits', /^Max address space +(\d+)/m) ?? most;
  const left = Math.min(most, limit - 1024 * (numberIn('status', /^VmSize:\s+(\d+) kB/m) ?? 0));
  if (bytes <= left) return;
  const message = `ENOMEM: ${bytes} bytes of address space are needed, and ${Math.max(0, left)} are left (ulimit -v)`;
  throw Object.assign(new Error(message), { code: 'ENOMEM' });
}

/** `undefined` where there is no limit, or no /proc. */
function numberIn(file: string, line: RegExp): number | undefined {
  try {
    const text = line.exec(readFileSync(`/proc/self/${file}`, 'utf8'))?.[1];
    return text === undefined ? undefined : Number(text);
  } catch {
    return undefined;
  }
}
