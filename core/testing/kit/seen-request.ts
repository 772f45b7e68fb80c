import { gunzipSync } from 'node:zlib';
import type { Dispatcher } from 'undici';

/** A request as the vendor reads it: decompressed, and parsed if it is JSON or a form. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  /** As the connector set them, with lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON and forms parsed, other bodies as text; `undefined` without a body. */
  readonly body: unknown;
  /** The body's text. */
  readonly text: string;
}

/** Reads a dispatched request. The body is read on first access, and throws if it is not what the headers say. */
export function seenRequest({ origin, path, method, headers, body }: Dispatcher.DispatchOptions): SeenRequest {
  const named = namedHeaders(headers);
  const bytes = bytesOf(body);
  let text: string | undefined;
  return {
    method,
    url: String(origin) + path,
    headers: named,
    get text() {
      text ??= (named['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString('utf8');
      return text;
    },
    get body() {
      return parsed(this.text, named['content-type'] ?? '');
    },
  };
}

function namedHeaders(headers: Dispatcher.DispatchOptions['headers']): Record<string, string> {
  const entries = Object.entries((headers ?? {}) as Record<string, string>);
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]));
}

/** The wire sends text or bytes, never a stream. */
function bytesOf(body: Dispatcher.DispatchOptions['body']): Buffer {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body);
  throw new TypeError('the body is neither text nor bytes');
}

function parsed(text: string, contentType: string): unknown {
  if (text === '') return undefined;
  if (/\bjson\b/i.test(contentType)) return JSON.parse(text);
  if (/^application\/x-www-form-urlencoded/i.test(contentType)) return formOf(text);
  return text;
}

/** A repeated name becomes a list, so that no value is lost. */
function formOf(text: string): Record<string, string | string[]> {
  const form = new URLSearchParams(text);
  const names = [...new Set(form.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = form.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}
