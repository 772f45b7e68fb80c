import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** A request that has wholly arrived. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  /** Without the question mark; '' when there is none. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** As it came over the wire. Cut off once `bytes` passed what the simulator keeps. */
  readonly body: Buffer;
  readonly bytes: number;
  /** Epoch ms. */
  readonly at: number;
}

/**
 * Reads to the end, also past the limit, so that the client gets its answer instead of a broken pipe. Listeners instead
 * of `for await`, which costs more than all the rest of a request. A client that gives up is never heard of again.
 */
export function receive(
  request: IncomingMessage,
  keepBytes: number,
  now: () => number,
  then: (request: ReceivedRequest) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= keepBytes) chunks.push(chunk);
  });
  request.on('end', () => {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    then({ method: request.method ?? '', path, query, headers: request.headers, body, bytes, at: now() });
  });
}

/** The media type alone, lower-case. */
export const mediaType = ({ headers }: ReceivedRequest): string =>
  (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

/** True unless the header names another charset than UTF-8. */
export const saysUtf8 = ({ headers }: ReceivedRequest): boolean => {
  const charset = /;\s*charset\s*=\s*"?([^";]+)/i.exec(headers['content-type'] ?? '')?.[1];
  return charset === undefined || charset.trim().toLowerCase() === 'utf-8';
};

/** The body as text, `undefined` when the bytes are not UTF-8. */
export const textOf = (bytes: Buffer): string | undefined => (isUtf8(bytes) ? bytes.toString('utf8') : undefined);

/** The unpacked bytes, `undefined` when they are no gzip or unpack to more than `mostBytes`. */
export function gunzip(bytes: Buffer, mostBytes: number): Buffer | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: mostBytes });
  } catch {
    return undefined;
  }
}

/** The JSON value in a text, `undefined` when there is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
