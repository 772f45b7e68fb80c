import type { CdpEvent } from '../../../core/index.ts';
import { appEventNames, type EventKind } from '../../../core/testing/simulators/index.ts';

/** What may become of an event by the vendors' documents and the settings, whatever the runtime says. */
export interface AllowedOutcomes {
  /** It may be left out on purpose. */
  readonly skip: boolean;
  /** It may be refused for what it is. */
  readonly refuse: boolean;
}

const adrollNames: ReadonlySet<string> = new Set([
  'Product Viewed',
  'Product List Viewed',
  'Products Searched',
  'Product Added',
  'Order Completed',
  'Signed Up',
  'Trial Started',
]);
const adjustNames: ReadonlySet<string> = new Set(appEventNames);
const unsubscribeNames: ReadonlySet<string> = new Set(['Unsubscribed', 'Email Unsubscribed', 'Email Marked as Spam']);

const switchedOff = (kind: EventKind): boolean => kind === 'odd-all-off' || kind === 'odd-vendors-off';
const nameOf = (event: CdpEvent): string => (event.type === 'track' ? event.event : '');

/** Malformed addresses: the folder or the vendor refuses them. */
const badAddress: ReadonlySet<EventKind> = new Set([
  'unsubscribe-malformed',
  'unsubscribe-malformed-trait',
  'unsubscribe-hashed',
  'unsubscribe-no-address',
] as const);

const unsubscribes = (event: CdpEvent): boolean =>
  event.type === 'identify' &&
  (event.traits?.['unsubscribed'] === true || event.traits?.['email_subscribed'] === false);

/** The right of each destination's events, as these settings are. `optedOut`: devices by id. */
export function allowedOutcomesOf(
  slug: string,
  kind: EventKind,
  event: CdpEvent,
  optedOut: ReadonlySet<string>,
): AllowedOutcomes {
  const odd = kind.startsWith('odd-');
  switch (slug) {
    case 'adroll':
      // Page and screen calls are off by default; app events have no page, which AdRoll wants of all.
      return { skip: switchedOff(kind) || !adrollNames.has(nameOf(event)), refuse: odd || !kind.startsWith('web-') };
    case 'rokt':
      return { skip: switchedOff(kind) || nameOf(event) !== 'Order Completed', refuse: odd };
    case 'adjust': {
      // A browser has no device: whether that is skipped or refused is the folder's choice.
      const web = kind.startsWith('web-');
      const device = event.context?.['device'] as { readonly id?: unknown } | undefined;
      const out = typeof device?.id === 'string' && optedOut.has(device.id);
      return { skip: switchedOff(kind) || !adjustNames.has(nameOf(event)) || web || odd || out, refuse: odd || web };
    }
    case 'adroll-email':
      return {
        skip: event.type === 'identify' ? !unsubscribes(event) : !unsubscribeNames.has(nameOf(event)),
        refuse: badAddress.has(kind),
      };
    default:
      throw new Error(`no rights are written down for ${slug}`);
  }
}
