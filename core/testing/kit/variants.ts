import type { CdpEvent } from '../../index.ts';
import { deepFreeze } from './deep-freeze.ts';

/** Copies are made once: several checks deliver a thousand of them. */
const variants = new WeakMap<CdpEvent, CdpEvent[]>();

/** A frozen copy of the event as if from another person: its ids and addresses carry the number. */
export function variantOf(event: CdpEvent, number: number): CdpEvent {
  let known = variants.get(event);
  if (known === undefined) variants.set(event, (known = []));
  return (known[number] ??= deepFreeze(copyOf(event, number)));
}

const copyOf = (event: CdpEvent, number: number): CdpEvent => ({
  ...(copied(event, '', number) as CdpEvent),
  messageId: `m-${number}`,
});

/** Events come from JSON, or are built like it. */
function copied(value: unknown, key: string, number: number): unknown {
  if (typeof value === 'string') return replaced(key, value, number);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((part, index) => copied(part, String(index), number));
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copied(part, name, number)]));
}

function replaced(key: string, value: string, number: number): string {
  if (key === 'userId' || key === 'anonymousId' || key === 'order_id') return `${value}-${number}`;
  return value.includes('@') ? `person-${number}@example.com` : value;
}
