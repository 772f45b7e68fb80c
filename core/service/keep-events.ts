import { randomUUID } from 'node:crypto';
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { dedupIdOf, type IncomingEvent, type ReasonCode } from '../index.ts';
import { isDeeperThan, mostJsonLevels } from '../json-text.ts';
import {
  isStoreLost,
  keepLanes,
  OtherSettings,
  QueueFull,
  settingsOf,
  toQueued,
  type Put,
  type PutResult,
  type DeliveryStore,
  type QueuedEvent,
} from '../queue/index.ts';
import type { LiveConnection } from './connections.ts';
import { Problem, type ProblemIssue } from './problem.ts';
import { storeOf, type ServiceParts } from './service-parts.ts';
import { storeProblem } from './store-problem.ts';

/** What became of events that one connection was to keep. All of it is durable. */
export interface KeptCount {
  /** New in the store, those included that are settled already. */
  readonly accepted: number;
  /** Kept before, under the same messageId. */
  readonly duplicates: number;
  /** Of the accepted ones: skipped or rejected before they are sent. */
  readonly settled: number;
  /** Left out on purpose, by `subscribe`, `integrations` or consent: nothing is kept of them. */
  readonly unwanted: number;
}

/** Why a connection does not want an event that was sent to all. */
const unwantedCodes: ReadonlySet<ReasonCode> = new Set(['not_subscribed', 'integration_disabled', 'consent_denied']);

export interface KeepOptions {
  /** Events that a connection leaves out on purpose are counted alone, instead of kept as skipped. */
  readonly onlyWanted?: boolean;
  /** W3C trace context of the request that brought them. */
  readonly trace?: string | undefined;
}

/**
 * Keeps events for connections: all of them or none, where the store can do that; otherwise the same request again
 * completes it. Resolves once it is on disk.
 */
export async function keepEvents(
  parts: Pick<ServiceParts, 'store' | 'runtime' | 'readiness'>,
  connections: readonly LiveConnection[],
  events: readonly IncomingEvent[],
  { onlyWanted = false, trace }: KeepOptions = {},
): Promise<ReadonlyMap<string, KeptCount>> {
  const store = storeOf(parts);
  const acceptedAt = Date.now();
  const ids = events.map((event) => dedupIdOf(event) || randomUUID());
  const plans: Plan[] = [];
  let routed = 0;
  for (const live of connections) {
    const all: QueuedEvent[] = [];
    for (const [index, event] of events.entries()) {
      // Many events for many connections would keep the event loop for seconds.
      if ((routed += 1) % slice === 0) await yieldToEventLoop();
      all.push(toQueued(live.connection, event, ids[index] as string, acceptedAt, trace));
    }
    const puts = onlyWanted ? all.filter(isWanted) : all;
    plans.push({ live, puts, unwanted: all.length - puts.length });
  }
  const results = await putAll(store, plans).catch(async (error: unknown) => {
    // A worker that has nothing to do would not notice.
    if (isStoreLost(error)) for (const { worker } of connections) worker?.wake();
    if (error instanceof QueueFull) await parts.readiness.storeRefused();
    throw storeProblem(error) ?? nestingProblem(events) ?? error;
  });
  parts.readiness.storeTook();
  return new Map(
    plans.map((plan, index) => {
      const { accepted, duplicates, settled = [] } = results[index] as PutResult;
      for (const position of settled) tellSettled(plan, position, parts);
      return [plan.live.id, { accepted, duplicates, settled: settled.length, unwanted: plan.unwanted }];
    }),
  );
}

/** What one connection is to keep. */
interface Plan {
  readonly live: LiveConnection;
  readonly puts: readonly QueuedEvent[];
  readonly unwanted: number;
}

const slice = 256;

async function putAll(store: DeliveryStore, plans: readonly Plan[]): Promise<readonly PutResult[]> {
  try {
    return await store.put(plans.map(({ live, puts }): Put => ({ connection: settingsFor(live), events: puts })));
  } catch (error) {
    if (!(error instanceof OtherSettings)) throw error;
    // Another process has put events, or the disk kept settings whose change was reported as failed. Without this,
    // nothing could be put until the next change.
    const compared = plans.map(async ({ live, puts }): Promise<Put> => {
      const { id, connection, configHash } = live;
      return { connection: await keepLanes(store, await store.status(id), connection, configHash), events: puts };
    });
    return store.put(await Promise.all(compared));
  }
}

/** No store keeps JSON that cannot be written again. Asked only after a put failed, as it looks at all of it. */
function nestingProblem(events: readonly IncomingEvent[]): Problem | undefined {
  const errors = events.flatMap((event, index): ProblemIssue[] =>
    isDeeperThan(event, mostJsonLevels)
      ? [{ path: String(index), message: `is nested deeper than ${mostJsonLevels} levels` }]
      : [],
  );
  return errors.length === 0 ? undefined : new Problem('not-valid', 'nothing was kept', { errors });
}

/** No worker tells of an event that was settled when it was put. */
function tellSettled({ live, puts }: Plan, position: number, { runtime }: Pick<ServiceParts, 'runtime'>): void {
  const outcome = puts[position]?.outcome;
  if (outcome === undefined) return;
  runtime.onSignal?.({
    kind: 'queued_event_settled',
    slug: live.destination.manifest.slug,
    connection: live.id,
    outcome: outcome.kind === 'skipped' ? 'skipped' : 'dead',
    code: outcome.reason.code,
    latencyMs: 0,
  });
}

const isWanted = ({ outcome }: QueuedEvent): boolean =>
  outcome?.kind !== 'skipped' || !unwantedCodes.has(outcome.reason.code);

/** `checked`: LiveConnections compares the lanes of what waits before it opens a connection. */
const settingsFor = (live: LiveConnection): Put['connection'] => ({
  id: live.id,
  destination: live.destination.manifest.slug,
  settings: settingsOf(live.configHash),
});
