import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net';
import { defaultLimits, type ServiceLimits } from './limits.ts';
import { loadNodeServer } from './peers.ts';
import { Problem } from './problem.ts';
import type { Service } from './service.ts';

const { getRequestListener, RequestError } = loadNodeServer();

export interface ListenOptions {
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly limits?: Partial<ServiceLimits>;
}

/** A port that answers. */
export interface Listening {
  readonly port: number;
  /** Takes no more connections; resolves once the last answer is sent, or after the grace (ms). */
  close(graceMs: number): Promise<void>;
}

const headMs = 10_000;
const headBytes = 16 * 1024;

/** Puts a service on a port. Rejects where that cannot be had. */
export async function listen(
  service: Pick<Service, 'fetch'>,
  { host = '127.0.0.1', port, limits }: ListenOptions,
): Promise<Listening> {
  const answer = getRequestListener(service.fetch as Parameters<typeof getRequestListener>[0], {
    overrideGlobalObjects: false,
    // Of a request without a Host header, as checks of load balancers send it by HTTP/1.0; browsers always have one.
    hostname: 'localhost',
    errorHandler: unanswered,
  });
  /** Connections on which no request has come: Node does not take these for idle. */
  const unused = new Set<Socket>();
  const server = createServer(
    {
      // The body has a time limit of its own: an upload that the service slows down may take any time.
      requestTimeout: 0,
      headersTimeout: headMs,
      // Node looks for late heads so often; by default, after 30 s for the first time.
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 65_000,
      maxHeaderSize: headBytes,
    },
    (incoming, outgoing) => {
      unused.delete(incoming.socket);
      void answer(incoming, outgoing);
    },
  );
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.maxConnections = limits?.sockets ?? defaultLimits.sockets;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: (graceMs) => close(server, unused, graceMs) };
}

/** Answers a request that reaches no route: what stands in its head makes no URL. */
function unanswered(error: unknown): Response {
  const response = (
    error instanceof RequestError
      ? new Problem('not-valid', 'the address or the Host header cannot be read')
      : new Problem('defect')
  ).response();
  response.headers.set('x-request-id', randomUUID());
  response.headers.set('cache-control', 'no-store');
  response.headers.set('connection', 'close');
  return response;
}

/** How long idle connections stay open after the last was taken (ms): a request may be under way on them. */
const idleMs = 1_000;

async function close(server: Server, unused: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  // The method of HTTP's server would reset idle connections at once, and with them what is under way.
  const closed = new Promise<void>((resolve) => void NetServer.prototype.close.call(server, () => resolve()));
  const overdue = setTimeout(() => server.closeAllConnections(), graceMs);
  const since = performance.now();
  // A connection that was busy becomes idle, and would stay open for its next request.
  const idle = setInterval(() => {
    if (performance.now() - since < Math.min(idleMs, graceMs / 4)) return;
    server.closeIdleConnections();
    for (const socket of unused) socket.destroy();
  }, 50);
  await closed;
  clearTimeout(overdue);
  clearInterval(idle);
  // That method ends the server's own timers as well.
  server.close();
}
