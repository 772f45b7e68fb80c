import { loadDestinations } from '../../../core/index.ts';
import { openStore } from '../../../core/queue/index.ts';
import {
  createService,
  listen,
  readTokens,
  type ConnectionSetup,
  type ServiceSettings,
  type TrackingSource,
} from '../../../core/service/index.ts';

export interface Served {
  readonly connections: readonly ConnectionSetup[];
  readonly sources: readonly TrackingSource[];
  /** Lines of `name scope... token`. */
  readonly tokens: string;
  /** A folder for what is to survive. */
  readonly queue: string;
  readonly port: number;
}

/** Answers by HTTP until close() is called. */
export async function serve(folder: string, given: Served, more?: Partial<ServiceSettings>) {
  const { tokens, faults } = readTokens(given.tokens);
  if (faults.length > 0) throw new Error(faults.map(({ line, message }) => `line ${line}: ${message}`).join('\n'));
  const store = await openStore({ path: given.queue });
  const service = createService({ destinations: await loadDestinations(folder), store, tokens, ...more });
  const applied = await service.apply(given.connections, given.sources);
  if (applied.kind === 'invalid')
    throw new Error(applied.issues.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  const listening = await listen(service, { port: given.port });

  async function close() {
    service.drain();
    await Promise.all([listening.close(10_000), service.close(10_000)]);
    await store.close();
  }
  return { port: listening.port, close };
}
