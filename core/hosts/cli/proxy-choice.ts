import { exceptionsIn, proxyIn, type ProxyOption } from '../../index.ts';
import { usage } from './exit-codes.ts';
import { print, type Terminal } from './terminal.ts';

/**
 * What `--proxy` comes to, said on stderr: a proxy looks up the vendor's name, so that nobody here sees where a request ends up; and
 * one that the environment names is not used by itself.
 */
export async function proxyChoice(
  asked: boolean | undefined,
  { env, stderr }: Terminal,
): Promise<{ readonly proxy?: ProxyOption }> {
  const named = proxyIn(env);
  if (asked !== true) {
    if (named !== undefined)
      await print(stderr, `spillway: ${named.variable} is set but not used; pass --proxy to send through that proxy\n`);
    return {};
  }
  if (named === undefined) throw usage('--proxy: neither HTTPS_PROXY nor HTTP_PROXY is set');
  await print(
    stderr,
    `spillway: requests go through the proxy of ${named.variable}; it resolves the vendor's host name, so only the name is checked here\n`,
  );
  return { proxy: { url: named.url, except: exceptionsIn(env) } };
}
