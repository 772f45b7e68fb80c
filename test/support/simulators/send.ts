import { Agent, request } from 'undici';
import type { Simulator } from '../../../core/testing/simulators/index.ts';

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

export interface Answered {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** Sends one request on a connection of its own and reads the whole answer. Gives up after 200 ms. */
export async function send({ origin }: Simulator, sent: Sent): Promise<Answered> {
  const dispatcher = new Agent({ headersTimeout: 200, bodyTimeout: 200 });
  try {
    const { statusCode, headers, body } = await request(`${origin}${sent.path}`, {
      dispatcher,
      method: sent.method ?? 'POST',
      headers: sent.headers ?? {},
      body: sent.body ?? null,
    });
    return { status: statusCode, headers, body: await body.text() };
  } finally {
    await dispatcher.destroy();
  }
}

/** A copy of a JSON value with the value at one dotted path replaced, or taken out when it is undefined. */
export function changed<T>(value: T, path: string, to: unknown): T {
  const copy = structuredClone(value);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const parent = keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], copy);
  if (to === undefined) delete (parent as Record<string, unknown>)[last];
  else (parent as Record<string, unknown>)[last] = to;
  return copy;
}
