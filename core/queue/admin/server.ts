import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ReadableStream } from 'node:stream/web';
import type { Handler, OwnerInfo } from './protocol.ts';

/** How long a client may take to send the rest of its request, or to read more of its answer, once the owner ends. */
const partingMs = 1_000;

/** Answers on the socket of a store's owner, before the store is open, while it is, and until it is closed. */
export class StoreServer {
  readonly http: Server;
  readonly #startedAt = new Date().toISOString();
  readonly #answers = new Map<ServerResponse, Promise<void>>();
  #state: OwnerInfo['state'] = 'starting';
  #routes: Handler | undefined;

  constructor() {
    this.http = createServer((incoming, outgoing) => {
      const answered = answer(incoming, outgoing, (request) => this.#handle(request));
      this.#answers.set(
        outgoing,
        answered.finally(() => this.#answers.delete(outgoing)),
      );
    });
    // A client may be silent for as long as the input of its user is.
    this.http.keepAliveTimeout = 0;
    this.http.requestTimeout = 0;
    // No client keeps the process alive.
    this.http.on('connection', (socket) => socket.unref());
  }

  info(): OwnerInfo {
    return { pid: process.pid, host: hostname(), startedAt: this.#startedAt, state: this.#state };
  }

  /** From here on the store is open. */
  open(routes: Handler): void {
    this.#state = 'working';
    this.#routes = routes;
  }

  /** Answers nothing more about the store. What is being answered resolves first; `undefined` where nothing is. */
  end(): Promise<unknown> | undefined {
    this.#state = 'ending';
    this.#routes = undefined;
    this.http.closeIdleConnections();
    if (this.#answers.size === 0) return undefined;
    const parting = setInterval(() => {
      for (const outgoing of this.#answers.keys())
        if (!outgoing.req.complete || outgoing.writableNeedDrain) outgoing.destroy();
    }, partingMs);
    return Promise.all(this.#answers.values()).finally(() => clearInterval(parting));
  }

  async #handle(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === '/owner') return Response.json(this.info());
    if (this.#routes !== undefined) return this.#routes(request);
    const message = `the store is not open: its owner is ${this.#state}`;
    return Response.json({ error: { name: 'NotOpen', message } }, { status: 503, headers: { 'retry-after': '1' } });
  }
}

/** Never rejects: a client may be gone at any time. */
async function answer(incoming: IncomingMessage, outgoing: ServerResponse, handle: Handler): Promise<void> {
  try {
    const response = await handle(requestOf(incoming));
    // Where the answer is known before the request has been read: a client sends no other one before all of it has.
    incoming.resume();
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    if (response.body === null) outgoing.end();
    else await pipeline(Readable.fromWeb(response.body as ReadableStream), outgoing);
  } catch {
    outgoing.destroy();
  }
}

function requestOf(incoming: IncomingMessage): Request {
  const { method = 'GET', url = '/', headers } = incoming;
  // Not Readable.toWeb(): where that is read in part, it destroys the request, and the connection stands still.
  const chunks = ReadableStream.from(incoming.iterator({ destroyOnReturn: false }));
  const body = method === 'GET' || method === 'HEAD' ? {} : { body: chunks, duplex: 'half' };
  return new Request(new URL(url, 'http://store'), {
    method,
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    ...(body as object),
  });
}
