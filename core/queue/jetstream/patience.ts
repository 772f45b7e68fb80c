import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { BrokerOverdue, closedError, isSilence, storeErrorOf } from './broker-errors.ts';

/** How long a broker is asked the same that does not answer (ms): it may start, or elect a leader. */
const patienceMs = 30_000;
const shortestPauseMs = 100;
const longestPauseMs = 1_000;

/**
 * Asks until the broker answers. What is asked may have been done when an answer was lost, so it has to be something
 * that may be done twice. Throws what storeErrorOf() makes of an answer, and BrokerOverdue without one.
 */
export async function untilAnswered<T>(
  connection: Pick<NatsConnection, 'isClosed' | 'isDraining'>,
  ask: () => Promise<T>,
): Promise<T> {
  const end = performance.now() + patienceMs;
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(longestPauseMs, 2 * pauseMs)) {
    if (connection.isClosed() || connection.isDraining()) throw closedError();
    try {
      return await ask();
    } catch (error) {
      if (!isSilence(error)) throw storeErrorOf(error);
      const why = `the broker has not answered for ${patienceMs / 1000} s: ${(error as Error).message}`;
      if (performance.now() >= end) throw new BrokerOverdue(why, { cause: error });
      await sleep(pauseMs);
    }
  }
}
