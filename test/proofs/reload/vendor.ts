import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A mailbox on loopback that remembers with which settings each letter came. */
export interface Vendor {
  readonly origin: string;
  /** How often each letter was accepted, by its id. */
  readonly letters: ReadonlyMap<string, number>;
  /** Every key and owner that came together, and how many requests had them. */
  readonly pairs: ReadonlyMap<string, number>;
  readonly requests: number;
  /** Connections that were opened to it, and of these the ones that are closed. */
  readonly sockets: number;
  readonly closedSockets: number;
  stop(): Promise<void>;
}

/** `answerMs`: how long it takes for each answer. */
export async function startVendor(answerMs: () => number): Promise<Vendor> {
  const letters = new Map<string, number>();
  const pairs = new Map<string, number>();
  let [requests, sockets, closedSockets] = [0, 0, 0];
  const add = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  // It closes no connection by itself, so that each one that is opened was needed.
  const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
    void text(request).then((body) => {
      requests += 1;
      const key = (request.headers.authorization ?? '').replace(/^Bearer /, '');
      const owner = new URL(request.url ?? '/', 'http://vendor').searchParams.get('owner') ?? '';
      add(pairs, `${key} ${owner}`);
      for (const { id } of JSON.parse(body) as { id: string }[]) add(letters, id);
      setTimeout(() => response.writeHead(200).end('{}'), answerMs());
    });
  });
  server.on('connection', (socket) => {
    sockets += 1;
    socket.on('close', () => (closedSockets += 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    letters,
    pairs,
    get requests() {
      return requests;
    },
    get sockets() {
      return sockets;
    },
    get closedSockets() {
      return closedSockets;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
