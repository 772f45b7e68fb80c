import type { CdpEvent } from '../api/event.ts';
import { compileMapping, type Mapping } from '../mapping/compile-mapping.ts';
import { compileQuery, type Query } from '../mapping/fql/compile-query.ts';
import { issueText } from '../mapping/syntax-issue.ts';
import { aFunction, type OptionTable } from './argument-check.ts';
import type { ConfigIssue } from './connection-options.ts';
import type { EventLimits } from './intake/event-size.ts';

/** What a host program says about one connection in code, beside the options that a customer may write. */
export interface ConnectionHooks {
  /**
   * Changes an event, or leaves it out, as no option can say it. Gets the event after `subscribe` and `mapping`, as a
   * copy that is frozen; returns that, another event, or `undefined` for one that is not sent (`not_subscribed`). It is
   * synchronous, and pure: it also runs for previews and routeOf(), and again whenever the event is tried again. If it
   * throws, this one event is `rejected`. The messageId stays the event's own.
   *
   * @example
   * runtime.open('rokt', settings, { id: 'shop' }, {
   *   prepareEvent: (event) => (event.userId === 'staff' ? undefined : event),
   * });
   */
  readonly prepareEvent?: (event: Readonly<CdpEvent>) => CdpEvent | undefined;
}

export const hookTable: OptionTable<ConnectionHooks> = { prepareEvent: aFunction };

/** Which events a connection wants, and what of them: its `subscribe`, its `mapping`, and the host's `prepareEvent`. */
export interface EventRules extends ConnectionHooks {
  readonly subscription: Query | undefined;
  readonly mapping: Mapping | undefined;
  /** Hold for what they make, too. */
  readonly limits: EventLimits;
}

/**
 * Compiles the rules of a connection: `undefined` if it has none, so that it pays nothing. `options`: as they were
 * handed over, because a schema would drop what it takes for no member, such as a target called `__proto__`.
 */
export function compileRules(
  options: unknown,
  { prepareEvent }: ConnectionHooks,
  limits: EventLimits,
): { readonly rules: EventRules | undefined; readonly issues: readonly ConfigIssue[] } {
  const { subscribe, mapping: option } = Object(options) as {
    readonly subscribe?: unknown;
    readonly mapping?: unknown;
  };
  // Of what is no text, the schema of the options has told already.
  const subscription = typeof subscribe === 'string' ? compileQuery(subscribe) : undefined;
  const mapping = option === undefined ? undefined : compileMapping(option, limits);
  const issues = [
    ...(subscription?.ok === false
      ? subscription.issues.map((issue) => ({ path: 'options.subscribe', message: issueText(issue) }))
      : []),
    ...(mapping?.ok === false ? mapping.issues : []),
  ];
  if (subscription?.ok === false || mapping?.ok === false) return { rules: undefined, issues };
  const isNone = subscription === undefined && mapping === undefined && prepareEvent === undefined;
  if (isNone) return { rules: undefined, issues };
  return { rules: { subscription, mapping, limits, ...(prepareEvent && { prepareEvent }) }, issues };
}
