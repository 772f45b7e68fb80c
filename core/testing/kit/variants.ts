import type { CdpEvent } from '../../index.ts';

/** A copy of the event as if from another person: its ids and addresses carry the number. */
export function variantOf(event: CdpEvent, number: number): CdpEvent {
  const copy = structuredClone(event) as unknown as Record<string, unknown>;
  copy['messageId'] = `m-${number}`;
  replaceEach(copy, (key, value) => {
    if (key === 'userId' || key === 'anonymousId' || key === 'order_id') return `${value}-${number}`;
    return value.includes('@') ? `person-${number}@example.com` : value;
  });
  return copy as unknown as CdpEvent;
}

function replaceEach(at: Record<string, unknown>, replace: (key: string, value: string) => string): void {
  for (const [key, value] of Object.entries(at)) {
    if (typeof value === 'string') at[key] = replace(key, value);
    else if (typeof value === 'object' && value !== null) replaceEach(value as Record<string, unknown>, replace);
  }
}
