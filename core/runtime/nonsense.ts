/** Its message is of our own making, and holds nothing of an event. */
export class Nonsense extends TypeError {}

/**
 * The error for something a vendor folder returned that is not what it promised. A promise in its place is given up here:
 * nobody waits for it, and when it rejects, it must not end the process.
 */
export function nonsense(value: unknown, message: string): Nonsense {
  const { then } = (value ?? {}) as Partial<PromiseLike<unknown>>;
  if (typeof then === 'function') void Promise.resolve(value).catch(() => undefined);
  return new Nonsense(message);
}
