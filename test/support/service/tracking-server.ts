import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import type { JsonValue } from '../../../core/index.ts';
import { Problem } from '../../../core/service/problem.ts';
import { refusal, type TrackingApi } from '../../../core/service/tracking/tracking-api.ts';

export interface TrackingServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Asks the API without a server, with the body of the request as JSON, whatever its content type is; gzip, too. */
export async function ask(api: TrackingApi, request: Request, ip?: string): Promise<Response> {
  const isZipped = request.headers.get('content-encoding') === 'gzip';
  const readJson = async (): Promise<JsonValue> => {
    const stream = isZipped ? request.body?.pipeThrough(new DecompressionStream('gzip')) : request.body;
    try {
      return JSON.parse(await new Response(stream ?? null).text()) as JsonValue;
    } catch {
      throw new Problem('not-valid', 'the body is no JSON');
    }
  };
  try {
    return await api({ request, ip, readJson });
  } catch (error) {
    if (error instanceof Problem) return refusal(error);
    throw error;
  }
}

/** Answers a request that came from that address. */
export type Answer = (request: Request, ip?: string) => Promise<Response>;

/** The tracking API on a port of loopback. */
export async function serveTracking(answer: Answer): Promise<TrackingServer> {
  const server = http.createServer((incoming, outgoing) => {
    void (async () => {
      const isZipped = incoming.headers['content-encoding'] === 'gzip';
      const body = await text(isZipped ? incoming.pipe(createGunzip()) : incoming);
      const { 'content-encoding': _, ...headers } = incoming.headers;
      const { method = 'GET', url = '/' } = incoming;
      const hasBody = method === 'POST';
      const request = new Request(`http://127.0.0.1${url}`, {
        method,
        headers: headers as Record<string, string>,
        ...(hasBody ? { body } : {}),
      });
      const response = await answer(request, incoming.socket.remoteAddress);
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      outgoing.end(await response.text());
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
