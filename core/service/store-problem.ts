import { isStoreLost, NotDrained, OtherSettings, QueueFull } from '../queue/index.ts';
import { Problem, retryAfter } from './problem.ts';

/** What a store threw, as an answer; `undefined` for anything else. */
export function storeProblem(error: unknown): Problem | undefined {
  if (error instanceof QueueFull)
    return new Problem('too-many-requests', 'the store is full', { headers: retryAfter(5) });
  if (error instanceof OtherSettings)
    return new Problem('conflict', 'the settings of a connection are being replaced', { headers: retryAfter(1) });
  if (error instanceof NotDrained)
    return new Problem('conflict', 'events of a connection wait under other settings', { headers: retryAfter(5) });
  if (isStoreLost(error)) return new Problem('unavailable', 'the store cannot be used', { headers: retryAfter(5) });
  // By its name: the store may be in another process.
  if ((error as Error | undefined)?.name === 'FlushOverdue')
    return new Problem('unavailable', 'the disk is slow, and may still keep this: send the same again', {
      headers: retryAfter(5),
    });
  // By their names: a host without a broker loads nothing of one.
  if ((error as Error | undefined)?.name === 'BrokerOverdue')
    return new Problem('unavailable', 'the broker does not confirm, and may still keep this: send the same again', {
      headers: retryAfter(5),
    });
  if ((error as Error | undefined)?.name === 'EventTooLarge')
    return new Problem('too-large', 'an event takes more bytes than the broker of the store takes in one message');
  return undefined;
}
