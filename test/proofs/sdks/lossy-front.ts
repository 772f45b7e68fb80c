import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRandom } from '../../../core/testing/simulators/random.ts';

export interface LossyFront {
  readonly url: string;
  /** Answers that did not come through. */
  lost(): number;
  close(): void;
}

/**
 * Stands between clients and a service, and breaks the connection off in place of a share of the answers: whoever sent
 * cannot know that all was kept, and sends it again.
 */
export async function startLossyFront(
  port: number,
  { rate, seed }: { readonly rate: number; readonly seed: number },
): Promise<LossyFront> {
  const random = createRandom(seed);
  let lost = 0;
  const server = http.createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const forwarded = http.request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      if (random.next() < rate) {
        lost += 1;
        answer.resume();
        incoming.socket.destroy();
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.on('error', () => incoming.socket.destroy()).pipe(outgoing);
    });
    forwarded.on('error', () => incoming.socket.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lost: () => lost,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
