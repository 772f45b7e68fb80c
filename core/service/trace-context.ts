/** A W3C `traceparent`. What later versions say behind the flags is not kept: its length has no bound. */
const traceparent = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?=-|$)/;

/** The trace that a request belongs to; `undefined` where its header names none. */
export function traceOf(headers: Headers): string | undefined {
  const text = headers.get('traceparent')?.trim() ?? '';
  const trace = traceparent.exec(text)?.[0];
  return trace?.startsWith('00-') === true && trace !== text ? undefined : trace;
}
