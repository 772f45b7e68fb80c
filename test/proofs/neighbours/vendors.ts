import { createServer, type AddressInfo, type Socket } from 'node:net';
import { accounts, type Account } from '../../support/simulators/accounts.ts';

/** The vendors of a run, one for each connection, and one that hangs. */
export interface Vendors {
  /** One for each of the slugs they were started with, in that order. */
  readonly origins: readonly string[];
  /** Accepts whatever comes, and answers nothing. */
  readonly hanging: string;
  /** Breaks the connections it has accepted. */
  breakOff(): void;
  /** By vendor: the different events it has, and how many of them came more than once. */
  ledgers(): Promise<readonly Ledger[]>;
  close(): Promise<void>;
}

export interface Ledger {
  readonly distinct: number;
  readonly duplicates: number;
}

export const accountOf = (slug: string): Account => {
  const found = accounts.find((account) => account.slug === slug);
  if (found === undefined) throw new Error(`no simulator of ${slug}`);
  return found;
};

export async function startVendors(slugs: readonly string[], latencyMs: number): Promise<Vendors> {
  const simulators = await Promise.all(slugs.map((slug) => accountOf(slug).start({ latencyMs })));
  const openSockets = new Set<Socket>();
  const hanging = createServer((socket) => {
    openSockets.add(socket);
    socket.on('error', () => {}).on('close', () => openSockets.delete(socket));
    socket.resume();
  });
  const breakOff = (): void => openSockets.forEach((socket) => socket.destroy());
  await new Promise<void>((listening) => hanging.listen(0, '127.0.0.1', listening));
  return {
    origins: simulators.map(({ origin }) => origin),
    hanging: `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`,
    ledgers: () =>
      Promise.resolve(
        simulators.map(({ ledger }) => ({ distinct: ledger.distinct(), duplicates: ledger.duplicates() })),
      ),
    breakOff,
    async close() {
      breakOff();
      await new Promise((closed) => hanging.close(closed));
      await Promise.all(simulators.map((simulator) => simulator.close()));
    },
  };
}
