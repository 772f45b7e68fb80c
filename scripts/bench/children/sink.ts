/**
 * Answers every POST with one fixed text. Knows of HTTP only what that takes: the end of the head, and content-length.
 */
import { createServer, type Socket } from 'node:net';

const [status = '200', body = '', delay = '0'] = process.argv.slice(2);
const delayMs = Number(delay);
const type = body === '' ? '' : 'content-type: application/json\r\n';
const answer = Buffer.from(`HTTP/1.1 ${status} OK\r\n${type}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
const headEnd = '\r\n\r\n';

function serve(socket: Socket): void {
  /** Bytes of the request under way that are still to come; 0 = the next chunk begins a request. */
  let missing = 0;
  let head = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    if (missing > 0) missing -= chunk.length;
    else {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      const end = head.indexOf(headEnd);
      if (end === -1) return;
      const length = /content-length: (\d+)/i.exec(head.toString('latin1', 0, end))?.[1] ?? '0';
      missing = end + headEnd.length + Number(length) - head.length;
      head = Buffer.alloc(0);
    }
    if (missing > 0) return;
    if (delayMs === 0) socket.write(answer);
    else setTimeout(() => socket.write(answer), delayMs);
  });
}

const server = createServer(serve).listen({ port: 0, host: '127.0.0.1', backlog: 2048 }, () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : 0);
});
process.on('disconnect', () => process.exit());
