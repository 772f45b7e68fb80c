import { cpSync } from 'node:fs';

/** Without the sockets of its owners, which Node does not copy. */
export const copyStore = (from: string, to: string): void =>
  cpSync(from, to, { recursive: true, preserveTimestamps: true, filter: (file) => !file.endsWith('.sock') });
