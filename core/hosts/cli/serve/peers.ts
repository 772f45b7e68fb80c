import { createRequire } from 'node:module';
import { usage } from '../exit-codes.ts';

/** What the service is built on, at the versions that it is tested with. Optional peers: most hosts serve nothing. */
export const servicePeers = {
  hono: '4.13.19',
  '@hono/node-server': '2.1.8',
  '@asteasolutions/zod-to-openapi': '9.1.0',
  'prom-client': '15.1.3',
  pino: '10.4.0',
} as const;

type Resolve = (name: string) => string;
const resolveHere: Resolve = createRequire(import.meta.url).resolve;

/** Whether a package is there. */
export function isInstalled(name: string, resolve: Resolve = resolveHere): boolean {
  try {
    resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Throws a usage error that says how to install all that are missing. */
export function requirePeers(resolve: Resolve = resolveHere): void {
  const missing = Object.entries(servicePeers).filter(([name]) => !isInstalled(name, resolve));
  if (missing.length === 0) return;
  const packages = missing.map(([name, version]) => `${name}@${version}`).join(' ');
  throw usage(`serve needs packages that are not installed. Run: npm install ${packages}`);
}
