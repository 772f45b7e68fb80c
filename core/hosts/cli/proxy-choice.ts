import { exceptionsIn, proxyIn, type ProxyOption } from '../../index.ts';
import { usage } from './exit-codes.ts';
import { print, type Terminal } from './terminal.ts';

/**
 * The proxy that `--proxy` chooses, reported on stderr: a proxy resolves the vendor's name, so that nothing here can
 * check where a request goes. A proxy that only the environment names is reported and not used.
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
