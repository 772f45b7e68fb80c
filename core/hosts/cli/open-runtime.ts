import { createRuntime, type Runtime, type RuntimeOptions } from '../../index.ts';
import { usage } from './exit-codes.ts';
import { firstLine } from './printable.ts';

/** createRuntime(); a bad origin or proxy, the only things that the command line can get wrong, is a usage error. */
export function openRuntime(options: RuntimeOptions): Runtime {
  try {
    return createRuntime(options);
  } catch (error) {
    const message = firstLine((error as Error).message);
    const allowed = /^allowedOrigins\[\d+\]: (.*)$/.exec(message)?.[1];
    if (allowed !== undefined) throw usage(`allow-origin: ${allowed}`);
    throw usage(/^proxy\b/.test(message) ? message : `origin: ${message}`);
  }
}
