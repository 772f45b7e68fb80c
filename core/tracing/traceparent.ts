import type { SpanContext } from '@opentelemetry/api';

/** Version, trace, span and flags of a W3C `traceparent`. A version above 00 may say more behind them. */
const traceparent = /^(?!ff)([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** The span that a W3C `traceparent` names; `undefined` where the text is none. Its ids may be zeros alone. */
export function spanContextOf(text: string): SpanContext | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] = traceparent.exec(text.trim()) ?? [];
  if (version === undefined || (version === '00' && more !== undefined)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

/** The W3C `traceparent` of a span. */
export const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
