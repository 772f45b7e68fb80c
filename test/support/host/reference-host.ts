import { ambiguousCodes, type Connection, type Outcome, type Reason } from '../../../core/index.ts';
import type { Clock } from '../../../core/policy/clock.ts';
import { createSuspectQueue, type SuspectQueue } from './suspect-queue.ts';
import { createBacklog, type Item } from './backlog.ts';
import type { HostLog } from './host-log.ts';

/** When the host gives an event up: README leaves that to it. */
export interface Limits {
  /** Answers of the vendor to requests that carried nothing else, over at least so many milliseconds. */
  readonly answers: number;
  readonly overMs: number;
  /** Milliseconds since the event was accepted. */
  readonly maxAgeMs: number;
}

export const limits: Limits = { answers: 8, overMs: 3_600_000, maxAgeMs: 7 * 86_400_000 };

/** How long a paused connection, or scope, is left alone before it is asked again. */
const askAfterMs = 60_000;
/** The waits of an event that fails by itself: a minute, then twice as long, up to a quarter of an hour. */
const longestWaitMs = 900_000;

export interface ReferenceHostOptions {
  readonly connection: Connection;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly input: Iterator<Item>;
  readonly hostLog: HostLog;
  /** The destination takes one event a request. */
  readonly one: boolean;
}

/** The host: what README's table says that it does, whichever way its events leave. */
export interface ReferenceHost {
  /** The next event that may leave with this holder (see Backlog); `undefined` while none may. */
  take(holder: object): Item | undefined;
  /** Events for a call of their own: they kept failing in batches. */
  takeSuspects(): readonly Item[];
  /** One row of the table. `alone`: its request carried no other event. */
  settle(item: Item, outcome: Outcome, alone: boolean): void;
  /** Resolves when there may be something to take, in the backlog or among the suspects, or all is done. */
  changed(where: 'main' | 'suspects'): Promise<void>;
  done(): boolean;
}

export function createReferenceHost({ connection, clock, input, hostLog, one }: ReferenceHostOptions): ReferenceHost {
  const backlog = createBacklog(input);
  const suspects: SuspectQueue = createSuspectQueue();
  /** By scope, what waits until it may leave again. */
  const scopes = new Map<string, Item[]>();
  let paused = false;
  /** While paused: one event may leave, to find out. */
  let probe: 'none' | 'wanted' | Item = 'none';
  const notifiers = { main: createNotifier(clock), suspects: createNotifier(clock) };

  function notify(): void {
    notifiers.main.notify();
    notifiers.suspects.notify();
  }

  function finish(item: Item, state: Parameters<HostLog['finish']>[1], reason?: Reason): void {
    backlog.finish(item);
    hostLog.finish(item.index, state, reason, clock.now());
    if (isDone()) notify();
  }

  function pause(): void {
    if (paused) return;
    paused = true;
    askLater();
  }

  function askLater(): void {
    probe = 'none';
    clock.after(askAfterMs, () => void ask());
  }

  async function ask(): Promise<void> {
    const { kind } = await connection.check();
    if (kind === 'ok') return goOn();
    if (kind !== 'unsupported') return askLater();
    connection.resume();
    probe = 'wanted';
    notify();
  }

  function goOn(): void {
    paused = false;
    probe = 'none';
    notify();
  }

  function pauseScope(scope: string, item: Item): void {
    const waiting = scopes.get(scope);
    backlog.park(item);
    if (waiting !== undefined) return void waiting.push(item);
    scopes.set(scope, [item]);
    clock.after(askAfterMs, () => {
      connection.resume(scope);
      const all = scopes.get(scope) ?? [];
      scopes.delete(scope);
      for (const each of all) backlog.putBack(each, clock.now());
      notify();
    });
  }

  function deferred(item: Item, { reason, retryAt }: Extract<Outcome, { kind: 'deferred' }>, alone: boolean): void {
    const now = clock.now();
    let notBefore = retryAt === undefined ? now : Math.max(now, Date.parse(retryAt));
    if (ambiguousCodes.has(reason.code)) item.doubtful = true;
    if ((reason.status ?? 0) >= 500) {
      item.failures += 1;
      if (alone) {
        if (item.aloneFailures === 0) item.firstAloneAt = now;
        item.aloneFailures += 1;
        notBefore = Math.max(notBefore, now + Math.min(longestWaitMs, 60_000 * 2 ** (item.aloneFailures - 1)));
      }
    }
    const hopeless = item.aloneFailures >= limits.answers && now - item.firstAloneAt >= limits.overMs;
    if (hopeless || now - item.acceptedAt >= limits.maxAgeMs) return finish(item, 'given up', reason);
    if (one || item.failures < 2) return backlog.putBack(item, notBefore);
    suspects.add(item, notBefore);
    notifiers.suspects.notify();
  }

  const isDone = (): boolean => backlog.exhausted() && backlog.open() === 0;
  const mayTake = (): boolean => !paused || probe === 'wanted';

  return {
    take(holder) {
      if (!mayTake()) return undefined;
      const item = backlog.take(holder, clock.now());
      if (item !== undefined && paused) probe = item;
      return item;
    },
    takeSuspects() {
      if (!mayTake()) return [];
      const items = suspects.take(clock.now(), paused ? 1 : Number.POSITIVE_INFINITY);
      if (items[0] !== undefined && paused) probe = items[0];
      return items;
    },
    settle(item, outcome, alone) {
      const found = probe === item;
      switch (outcome.kind) {
        case 'delivered':
        case 'skipped':
          finish(item, outcome.kind, outcome.kind === 'skipped' ? outcome.reason : undefined);
          break;
        case 'rejected':
          finish(item, item.doubtful ? 'unknown' : 'rejected', outcome.reason);
          break;
        case 'unknown':
          finish(item, 'unknown', outcome.reason);
          break;
        case 'deferred':
          deferred(item, outcome, alone);
          break;
        case 'suspended':
          hostLog.suspend(item.index, outcome.scope);
          if (outcome.scope !== undefined) pauseScope(outcome.scope, item);
          else {
            backlog.putBack(item, clock.now());
            if (!found) pause();
          }
      }
      if (found) {
        if (outcome.kind === 'suspended' && outcome.scope === undefined) askLater();
        else goOn();
      }
      notifiers.main.notify();
    },
    changed(where) {
      const at = where === 'main' ? backlog.nextAt(clock.now()) : suspects.nextAt();
      return notifiers[where].wait(mayTake() ? at : undefined);
    },
    done: isDone,
  };
}

/** Wakes the waiters, at the latest at a given time. */
function createNotifier(clock: Pick<Clock, 'now' | 'after'>) {
  let waiting: (() => void)[] = [];
  let cancel: (() => void) | undefined;
  const notify = (): void => {
    if (waiting.length === 0) return;
    const all = waiting;
    waiting = [];
    cancel?.();
    cancel = undefined;
    for (const wake of all) wake();
  };
  return {
    notify,
    wait: (at: number | undefined): Promise<void> =>
      new Promise((resolve) => {
        waiting.push(resolve);
        cancel?.();
        cancel = at === undefined ? undefined : clock.after(Math.max(0, at - clock.now()), notify);
      }),
  };
}
