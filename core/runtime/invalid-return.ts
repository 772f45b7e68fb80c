import { reasonCodes, type Reason } from '../api/outcome.ts';

/** Its message is of our own making, and holds nothing of an event. */
export class InvalidReturn extends TypeError {}

/**
 * The error for something a vendor folder returned that is not what it promised. A promise in its place is given up
 * here: nobody waits for it, and when it rejects, it must not end the process.
 */
export function invalidReturn(value: unknown, message: string): InvalidReturn {
  const { then } = (value ?? {}) as Partial<PromiseLike<unknown>>;
  if (typeof then === 'function') void Promise.resolve(value).catch(() => undefined);
  return new InvalidReturn(message);
}

const known: ReadonlySet<unknown> = new Set(reasonCodes);

/** A reason as the contract wants it. Codes become metric labels, so none may be made up. */
export const isReason = (reason: Reason | undefined): boolean =>
  known.has(reason?.code) && typeof reason?.message === 'string';
