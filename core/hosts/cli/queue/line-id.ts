import { createHash } from 'node:crypto';
import { dedupIdOf, type CdpEvent } from '../../../index.ts';

/**
 * The messageId; for an event without a usable one, its line and content, so that the same file again holds nothing
 * new.
 */
export function idOf(event: CdpEvent, text: string, line: number): string {
  const id = dedupIdOf(event);
  return id === '' ? `line:${line}:${createHash('sha256').update(text).digest('hex').slice(0, 32)}` : id;
}
