/** Closed on purpose: reason codes become metric labels, so a new one is a decision, not a string. */
export const reasonCodes = [
  'unsupported_event',
  'unmapped_event',
  'integration_disabled',
  'not_subscribed',
  'missing_identifier',
  'missing_field',
  'invalid_value',
  'consent_denied',
  'vendor_rejected',
  'vendor_unavailable',
  'rate_limited',
  'timeout',
  'network',
  'ambiguous_delivery',
  'reply_too_large',
  'reply_unreadable',
  'interim_response',
  'poisonous',
  'stale_event',
  'duplicate_event',
  'validated_only',
  'payload_too_large',
  'unauthorized',
  'misconfigured',
  'held_back',
  'internal_error',
] as const;
export type ReasonCode = (typeof reasonCodes)[number];

/**
 * What a reason is about:
 * - `event`: what the event holds, or lacks. Another event may be delivered, this one never as it is.
 * - `choice`: the event is left out on purpose, by its sender, its person, the settings or the duplicate check.
 * - `refusal`: the vendor does not take this event, and the event alone does not show why.
 * - `vendor`: how the vendor is, whatever the event.
 * - `network`: the way to the vendor and back.
 * - `connection`: the credentials or the settings of the connection.
 * - `host`: our own order and capacity: the event was not tried.
 * - `defect`: a defect of ours.
 */
type ReasonSubject = 'event' | 'choice' | 'refusal' | 'vendor' | 'network' | 'connection' | 'host' | 'defect';

/**
 * What follows beyond the outcome itself:
 * - `ambiguous`: the vendor may have the event.
 * - `throttled`: it was too fast. A wait is no failed attempt.
 * - `untried`: it was not its turn. This is no attempt at all.
 */
type ReasonEffect = 'none' | 'ambiguous' | 'throttled' | 'untried';

interface ReasonTraits {
  readonly about: ReasonSubject;
  readonly effect: ReasonEffect;
}

/**
 * Which code to choose: the one whose line says what the reason is about and what follows from it. Codes steer the
 * runtime, the queue and the adapters by these two traits, so a code with the wrong traits sends an event twice, counts
 * against a vendor that is well, or blames an event that is. Where two codes have the same traits, the name decides:
 * it is the label in the host's metrics.
 */
const traits: Readonly<Record<ReasonCode, ReasonTraits>> = {
  unsupported_event: { about: 'event', effect: 'none' },
  unmapped_event: { about: 'event', effect: 'none' },
  missing_identifier: { about: 'event', effect: 'none' },
  missing_field: { about: 'event', effect: 'none' },
  invalid_value: { about: 'event', effect: 'none' },
  stale_event: { about: 'event', effect: 'none' },
  payload_too_large: { about: 'event', effect: 'none' },

  integration_disabled: { about: 'choice', effect: 'none' },
  not_subscribed: { about: 'choice', effect: 'none' },
  consent_denied: { about: 'choice', effect: 'none' },
  duplicate_event: { about: 'choice', effect: 'none' },
  validated_only: { about: 'choice', effect: 'none' },

  vendor_rejected: { about: 'refusal', effect: 'none' },
  poisonous: { about: 'refusal', effect: 'none' },

  vendor_unavailable: { about: 'vendor', effect: 'none' },
  rate_limited: { about: 'vendor', effect: 'throttled' },

  network: { about: 'network', effect: 'none' },
  timeout: { about: 'network', effect: 'none' },
  ambiguous_delivery: { about: 'network', effect: 'ambiguous' },
  reply_too_large: { about: 'network', effect: 'ambiguous' },
  reply_unreadable: { about: 'network', effect: 'ambiguous' },
  interim_response: { about: 'network', effect: 'ambiguous' },

  unauthorized: { about: 'connection', effect: 'none' },
  misconfigured: { about: 'connection', effect: 'none' },

  held_back: { about: 'host', effect: 'untried' },
  internal_error: { about: 'defect', effect: 'none' },
};

const codesWhere = (fits: (traits: ReasonTraits) => boolean): ReadonlySet<ReasonCode> =>
  new Set(reasonCodes.filter((code) => fits(traits[code])));

/** Reason codes that mean that the vendor may have the event. */
export const ambiguousCodes: ReadonlySet<ReasonCode> = codesWhere(({ effect }) => effect === 'ambiguous');

/** Reason codes that mean that the event, or its request, was too fast: a wait is no failure. */
export const throttledCodes: ReadonlySet<ReasonCode> = codesWhere(({ effect }) => effect === 'throttled');

/** Reason codes of deferrals that say nothing against the event: it was too fast, or behind another one. */
export const uncountedCodes: ReadonlySet<ReasonCode> = codesWhere(
  ({ effect }) => effect === 'throttled' || effect === 'untried',
);

/** Reason codes that count against the vendor as a whole: they are about it or the way there, not about an event. */
export const vendorFailureCodes: ReadonlySet<ReasonCode> = codesWhere(
  ({ about }) => about === 'vendor' || about === 'network',
);

/** Reason codes that mean that the event itself is wrong. */
export const eventFaultCodes: ReadonlySet<ReasonCode> = codesWhere(({ about }) => about === 'event');
