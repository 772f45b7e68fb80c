import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Ledger, Vendors } from './vendors.ts';

/** startVendors() in a process of its own. */
export async function startVendorProcess(slugs: readonly string[], latencyMs: number): Promise<Vendors> {
  const child = fork(
    fileURLToPath(new URL('./vendor-process-child.ts', import.meta.url)),
    [String(latencyMs), ...slugs],
    {
      execArgv: ['--import', 'tsx'],
    },
  );
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`the vendors ended with ${code}`);
  });
  died.catch(() => {});
  const answer = async <T>(): Promise<T> => (await Promise.race([once(child, 'message'), died]))[0] as T;
  const { origins, hanging } = await answer<Pick<Vendors, 'origins' | 'hanging'>>();
  return {
    origins,
    hanging,
    breakOff: () => void child.send('break off'),
    ledgers() {
      child.send('ledgers');
      return answer<readonly Ledger[]>();
    },
    async close() {
      child.disconnect();
      await died.catch(() => {});
    },
  };
}
