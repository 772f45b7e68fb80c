import { createRuntime, type Runtime, type RuntimeOptions } from '../../index.ts';
import { usage } from './exit-codes.ts';
import { firstLine } from './printable.ts';

/** createRuntime(); a bad origin or proxy, the only things that the command line can get wrong, is a usage error. */
export const openRuntime = (options: RuntimeOptions): Runtime => withUsageErrors(() => createRuntime(options));

/** What `create` does, by createRuntime() or something around it, with its errors as openRuntime() has them. */
export function withUsageErrors<T>(create: () => T): T {
  try {
    return create();
  } catch (error) {
    const message = firstLine((error as Error).message);
    const allowed = /^allowedOrigins\[\d+\]: (.*)$/.exec(message)?.[1];
    if (allowed !== undefined) throw usage(`allow-origin: ${allowed}`);
    const network = /^trustedProxies\[\d+\]: (.*)$/.exec(message)?.[1];
    if (network !== undefined) throw usage(`trusted-proxy: ${network}`);
    throw usage(/^proxy\b/.test(message) ? message : `origin: ${message}`);
  }
}
