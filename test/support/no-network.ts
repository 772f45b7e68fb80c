import net from 'node:net';

const loopback = new Set(['localhost', '::1', '[::1]', '0:0:0:0:0:0:0:1']);

/** Every socket a test opens must stay on this machine. Returns what puts the real connect back. */
export function forbidNetwork(): () => void {
  // oxlint-disable-next-line typescript/unbound-method -- called on the socket it was called on, below
  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function guarded(this: net.Socket, ...given: unknown[]): net.Socket {
    const target = hostOf(given);
    if (target !== undefined && !isLoopback(target)) {
      const error = Object.assign(new Error(`a test tried to reach ${target}`), { code: 'ERR_TEST_NETWORK' });
      process.nextTick(() => this.destroy(error));
      return this;
    }
    return Reflect.apply(connect, this, given) as net.Socket;
  } as typeof connect;
  return () => {
    net.Socket.prototype.connect = connect;
  };
}

const isLoopback = (host: string): boolean => loopback.has(host) || /^127(?:\.\d{1,3}){3}$/.test(host);

/** The host of connect(port, host?), connect(options) or the list Node makes of them; `undefined` for a path in the file system. */
function hostOf(given: readonly unknown[]): string | undefined {
  const [first, second] = given;
  if (Array.isArray(first)) return hostOf(first);
  if (typeof first === 'number') return typeof second === 'string' ? second : 'localhost';
  if (typeof first !== 'object' || first === null) return undefined;
  const { host, path } = first as { host?: unknown; path?: unknown };
  if (typeof path === 'string') return undefined;
  return typeof host === 'string' ? host : 'localhost';
}
