import type { Terminal } from '../terminal.ts';
import { requireTokens } from './listen-address.ts';
import { requirePeers } from './peers.ts';
import { defaultHost, type ServeFlags } from './serve-flags.ts';

/** `spillway serve`: answers by HTTP until a signal comes. Resolves to the exit code. */
export async function serve(flags: ServeFlags, terminal: Terminal): Promise<number> {
  requireTokens(flags.host ?? defaultHost, flags.tokenFile);
  requirePeers();
  return (await import('./run-service.ts')).runService(flags, terminal);
}
