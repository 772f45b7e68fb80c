import { describe, expect, it } from '@jest/globals';
import type { EndedRequest, StartedRequest } from '../../core/index.ts';
import { RequestHook } from '../../core/runtime/sending/request-hook.ts';

const of = { slug: 'acme', connection: 'shop-1' };
const request = { method: 'POST', url: 'https://api.vendor.example/events', headers: {} } as const;

function hookTo(...origins: readonly string[]) {
  const started: StartedRequest[] = [];
  const ended: EndedRequest[] = [];
  let position = 0;
  const target = () => ({ origin: origins[position++ % origins.length] ?? '', path: '/events' });
  const onRequest = (told: StartedRequest) => {
    started.push(told);
    return (end: EndedRequest) => void ended.push(end);
  };
  return { hook: new RequestHook(onRequest, of, target), started, ended };
}

describe('what a host is told of a request', () => {
  it('is where it goes, also with a default port, an address in brackets, and when that changes', () => {
    const { hook, started } = hookTo('https://api.vendor.example', 'http://[::1]:8080', 'http://localhost');
    for (let attempt = 1; attempt <= 4; attempt += 1) hook.start(request, attempt, []);
    expect(started.map(({ scheme, address, port }) => [scheme, address, port])).toEqual([
      ['https', 'api.vendor.example', 443],
      ['http', '::1', 8080],
      ['http', 'localhost', 80],
      ['https', 'api.vendor.example', 443],
    ]);
  });

  it('is its end once, with a status, or with what broke', () => {
    const { hook, ended } = hookTo('https://api.vendor.example');
    const response = { status: 503, headers: {}, body: 'a secret', receivedAt: 0 };
    const ends = [
      { kind: 'response', response },
      { kind: 'network', code: 'ECONNRESET', received: 'maybe' },
      { kind: 'timeout', afterMs: 5 },
      { kind: 'crash', error: new Error('a secret'), left: false },
    ] as const;
    for (const result of ends) {
      const observer = hook.start(request, 1, []);
      observer?.ended(result);
      observer?.ended({ kind: 'timeout', afterMs: 1 });
    }
    expect(ended).toEqual([
      { status: 503 },
      { failure: 'network', code: 'ECONNRESET' },
      { failure: 'timeout' },
      { failure: 'crash' },
    ]);
  });

  it('is nothing where the request is forbidden, as it never leaves', () => {
    const started: StartedRequest[] = [];
    const forbidden = (): never => {
      throw new Error('not among the hosts');
    };
    const hook = new RequestHook((told) => void started.push(told), of, forbidden);
    expect(hook.start(request, 1, [])).toBeUndefined();
    expect(started).toEqual([]);
  });
});
