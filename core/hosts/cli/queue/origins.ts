import { usage } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import type { ConnectionEntry } from './connections-file.ts';

/**
 * By slug: `--origin slug=url`, each; without it SPILLWAY_ORIGIN, the same with spaces between, or one URL alone where
 * all connections have one destination.
 */
export function originsOf(
  flags: readonly string[] | undefined,
  entries: readonly ConnectionEntry[],
  env: Terminal['env'],
): Readonly<Record<string, string>> {
  const words = flags ?? (env['SPILLWAY_ORIGIN'] ?? '').split(/\s+/).filter((word) => word !== '');
  const slugs = [...new Set(entries.map(({ destination }) => destination))];
  return Object.fromEntries(
    words.map((word) => {
      const [, slug, url] = /^([a-z0-9-]+)=(.+)$/.exec(word) ?? [];
      if (slug !== undefined && url !== undefined) {
        if (slugs.includes(slug)) return [slug, url];
        throw usage(`origin: no connection has the destination ${JSON.stringify(slug)}`);
      }
      if (slugs.length === 1 && slugs[0] !== undefined) return [slugs[0], word];
      throw usage(`origin: name the destination it is for, as in ${slugs[0]}=https://...`);
    }),
  );
}
