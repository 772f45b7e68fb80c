import { usage } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';

/**
 * By slug: `--origin slug=url`, each; without it SPILLWAY_ORIGIN, the same with spaces between, or one URL alone where
 * all connections have one destination. `loaded`: the slugs that later connections may have, too.
 */
export function originsOf(
  flags: readonly string[] | undefined,
  entries: readonly { readonly destination: string }[],
  env: Terminal['env'],
  loaded?: readonly string[],
): Readonly<Record<string, string>> {
  const words = flags ?? (env['SPILLWAY_ORIGIN'] ?? '').split(/\s+/).filter((word) => word !== '');
  const slugs = [...new Set(entries.map(({ destination }) => destination))];
  return Object.fromEntries(
    words.map((word) => {
      const [, slug, url] = /^([a-z0-9-]+)=(.+)$/.exec(word) ?? [];
      if (slug !== undefined && url !== undefined) {
        if ((loaded ?? slugs).includes(slug)) return [slug, url];
        const unknown = loaded === undefined ? 'no connection has the destination' : 'there is no destination';
        throw usage(`origin: ${unknown} ${JSON.stringify(slug)}`);
      }
      if (slugs.length === 1 && slugs[0] !== undefined) return [slugs[0], word];
      throw usage(`origin: name the destination it is for, as in ${slugs[0]}=https://...`);
    }),
  );
}
