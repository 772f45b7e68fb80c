import { unwatchFile, watchFile } from 'node:fs';

const everyMs = 1_000;

/**
 * Calls `onChange` when one of the files becomes another one, until the returned function is called. Looks once a
 * second instead of asking the kernel, which tells of the file that was opened: one that is renamed over it, or a
 * symbolic link that leads elsewhere, as Kubernetes swaps them, would go unseen.
 */
export function watchFiles(files: readonly string[], onChange: () => void): () => void {
  const listener = (): void => onChange();
  for (const file of files) watchFile(file, { interval: everyMs, persistent: false }, listener);
  return () => files.forEach((file) => unwatchFile(file, listener));
}
