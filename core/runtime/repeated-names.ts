import { trimInvisible } from '../api/fields/trim-invisible.ts';
import type { ConfigIssue } from './connection-options.ts';
import { settingsDepth } from './settings-depth.ts';

/**
 * Names in settings that are one once they are trimmed, as names of events and properties are wherever one is looked
 * up: the last of them would count, and nobody sees which that is.
 */
export function repeatedNames(value: unknown, path: string, level = 0): ConfigIssue[] {
  if (typeof value !== 'object' || value === null || level > settingsDepth) return [];
  const seen = new Set<string>();
  return Object.entries(value).flatMap(([name, member]): ConfigIssue[] => {
    const bare = trimInvisible(name);
    const at = `${path}.${bare}`;
    const isRepeated = seen.has(bare);
    seen.add(bare);
    return [...(isRepeated ? [{ path: at, message }] : []), ...repeatedNames(member, at, level + 1)];
  });
}

const message = 'stands there more than once, but for white space around the name; keep one of them';
