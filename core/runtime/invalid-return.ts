import type { Reason } from '../api/outcome.ts';
import { reasonCodes } from '../api/reason-codes.ts';

/** A vendor folder returned something invalid. Core writes the message, so it contains nothing of an event. */
export class InvalidReturn extends TypeError {}

/**
 * Makes the error for an invalid return value of a vendor folder. If the value is a promise, its rejection is ignored:
 * nobody awaits it, and it must not end the process.
 */
export function invalidReturn(value: unknown, message: string): InvalidReturn {
  const { then } = (value ?? {}) as Partial<PromiseLike<unknown>>;
  if (typeof then === 'function') void Promise.resolve(value).catch(() => undefined);
  return new InvalidReturn(message);
}

const known: ReadonlySet<unknown> = new Set(reasonCodes);

/** Whether a reason fits the contract. Codes become metric labels, so a folder cannot invent one. */
export const isReason = (reason: Reason | undefined): boolean =>
  known.has(reason?.code) && typeof reason?.message === 'string';
