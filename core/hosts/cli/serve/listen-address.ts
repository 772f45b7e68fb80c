import { BlockList, isIP } from 'node:net';
import { CliError, exitCode, usage } from '../exit-codes.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, version === 4 ? 'ipv4' : 'ipv6');
}

/** Throws a usage error for an address that others reach, where nothing says who may do what. */
export function requireTokens(host: string, tokenFile: string | undefined): void {
  if (tokenFile !== undefined || isLoopback(host)) return;
  throw usage(
    `--host ${host}: other machines reach that address, and without --token-file everybody may do everything; ` +
      'write a line "name deliver TOKEN" to a file and pass --token-file FILE, or leave --host out',
  );
}

/** Throws as a CliError what listen() rejects with. */
export function throwAsAddressError(error: unknown, host: string, port: number): never {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    throw new CliError(exitCode.later, `port ${port} of ${host} is in use`, [
      'end the process that has it, or pass another --port (0 takes a free one)',
    ]);
  if (code === 'EACCES')
    throw usage(`--port ${port}: this process may not listen there; ports below 1024 need more rights`);
  if (['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EINVAL'].includes(code))
    throw usage(`--host ${host}: this machine has no such address (${code})`);
  throw error;
}

/** For people: where the service is. */
export const addressText = (host: string, port: number): string =>
  `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
