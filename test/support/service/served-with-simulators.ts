import { loadDestinations } from '../../../core/index.ts';
import { trialsIn } from '../../../core/hosts/cli/serve/simulators.ts';
import { createMetrics } from '../../../core/metrics/index.ts';
import { listen, readTokens } from '../../../core/service/index.ts';
import { accounts } from '../simulators/accounts.ts';
import { testDestinations } from '../cli/workspace.ts';
import { mailbox, startService, type UnderTest } from './service-under-test.ts';

/** By the scopes that they have. */
export const secrets = {
  all: 'all-0123456789abcdef',
  deliver: 'deliver-0123456789ab',
  read: 'read-0123456789abcde',
} as const;

export const writeKey = 'key-of-web';

const tokenFile = `all deliver read events operate ${secrets.all}
gateway deliver ${secrets.deliver}
watch read ${secrets.read}`;

export interface Served extends UnderTest {
  readonly origin: string;
}

/**
 * A service on a port with everything that one can have: tokens, metrics, a source, a store, and the connections
 * `shop-adjust` and `shop-email` at simulated vendors, and `letters` at the test vendor.
 */
export async function serveWithSimulators({ withStore = true } = {}): Promise<Served> {
  const vendors = await Promise.all(
    accounts
      .filter(({ slug }) => slug === 'adjust' || slug === 'adroll-email')
      .map(async (account) => ({ account, vendor: await account.start({ seed: 1 }) })),
  );
  const configOf = (slug: string): unknown => accounts.find((account) => account.slug === slug)?.config;
  const connections = [
    { id: 'shop-adjust', destination: 'adjust', config: configOf('adjust') },
    { id: 'shop-email', destination: 'adroll-email', config: configOf('adroll-email') },
    mailbox('letters'),
  ];
  const { register, onSignal } = createMetrics();
  const under = await startService({
    withStore,
    connections,
    destinations: [...(await loadDestinations('destinations')), ...(await loadDestinations(testDestinations))],
    origins: Object.fromEntries(vendors.map(({ account, vendor }) => [account.slug, vendor.origin])),
    tokens: readTokens(tokenFile).tokens,
    metrics: { text: () => register.metrics(), contentType: register.contentType },
    onSignal,
    trials: trialsIn(new Map()),
  });
  if (withStore) {
    const applied = await under.service.apply(connections, [{ id: 'web', writeKey, connections: ['letters'] }]);
    if (applied.kind === 'invalid') throw new Error(JSON.stringify(applied.issues));
  }
  const listening = await listen(under.service, { port: 0 });
  return {
    ...under,
    origin: `http://127.0.0.1:${listening.port}`,
    async stop() {
      await listening.close(1_000);
      await under.stop();
      await Promise.all(vendors.map(({ vendor }) => vendor.close()));
    },
  };
}
