import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Answer {
  readonly status?: number;
  readonly afterMs?: number;
}

export interface ReceivedItem {
  readonly id: string;
  readonly name: string;
}

/** The test vendor on loopback. `answer` decides about each batch. */
export async function startVendorServer(answer: (items: readonly ReceivedItem[]) => Answer = () => ({})) {
  const received: ReceivedItem[] = [];
  let batches = 0;
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const batch = JSON.parse(body) as ReceivedItem[];
      batches += 1;
      const { status = 200, afterMs = 0 } = answer(batch);
      if (status === 200) received.push(...batch);
      setTimeout(() => response.writeHead(status).end('{}'), afterMs).unref();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    get batches() {
      return batches;
    },
    stop: (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
