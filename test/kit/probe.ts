import { inspect } from 'node:util';
import type { Dispatcher } from 'undici';
import {
  createRuntime,
  outcomeKinds,
  reasonCodes,
  type CdpEvent,
  type Connection,
  type ConnectionOptions,
  type Outcome,
  type Signal,
} from '../../core/index.ts';
import { deepFreeze } from './deep-freeze.ts';
import type { Subject } from './subject.ts';
import { tag } from './tag.ts';
import { VendorDouble, type Script } from './vendor-double.ts';
import { createVirtualClock } from './virtual-clock.ts';
import { watch, type Watch } from './watch.ts';

export interface ProbeOptions {
  readonly config?: unknown;
  readonly options?: ConnectionOptions | undefined;
  /** Epoch ms where the virtual clock starts; waiting moves it on and costs nothing. */
  readonly now?: number | undefined;
  /** Answers in place of the script; see VendorDouble. */
  readonly through?: Dispatcher | undefined;
  /** Leaves the vendor's functions unwatched, for probes with thousands of events. */
  readonly unwatched?: boolean;
  /** Bodies are compressed where the vendor asks for it. Costs time; only cases compare the header that tells. */
  readonly compressed?: boolean;
}

/** One connection to a scripted vendor, with everything it did. */
export interface Probe {
  readonly connection: Connection;
  readonly vendor: VendorDouble;
  readonly watch: Watch;
  readonly signals: readonly Signal[];
  /** Milliseconds the runtime waited so far. */
  waited(): number;
  /** Delivers frozen events. Throws when an outcome is missing, out of order or not one. */
  deliver(events: readonly CdpEvent[]): Promise<readonly Outcome[]>;
  /** Throws when the vendor folder broke its contract on the way: see Watch and the runtime's defect signals. */
  blameless(): void;
  close(): Promise<void>;
}

/** Case time where a probe gives none. */
const caseNow = Date.parse('2026-01-15T12:00:00.000Z');

/** Opens a connection of the subject's; throws when its settings are refused. */
export function openProbe(subject: Subject, script: Script, probing: ProbeOptions = {}): Probe {
  const { compressed = false } = probing;
  const watched = probing.unwatched
    ? { ...tag(subject.definition, compressed), violations: [] }
    : watch(subject.definition, compressed);
  const vendor = new VendorDouble(script, probing.through);
  const signals: Signal[] = [];
  const start = probing.now ?? caseNow;
  const clock = createVirtualClock(start, () => vendor.busy || watched.compressing(vendor.batches), compressed);
  const runtime = createRuntime({
    destinations: [watched.definition],
    dispatcher: () => vendor,
    now: clock.now,
    sleep: clock.sleep,
    random: () => 0.5,
    onSignal: (signal) => signals.push(signal),
  });
  const opened = runtime.open(subject.definition.manifest.slug, probing.config ?? subject.config, probing.options);
  if (opened.kind === 'invalid') throw new Error(`the settings are refused: ${JSON.stringify(opened.issues)}`);
  const { connection } = opened;
  return {
    connection,
    vendor,
    watch: watched,
    signals,
    waited: () => clock.now() - start,
    async deliver(events) {
      const outcomes = await connection.deliver(events.map(deepFreeze));
      checkOutcomes(events, outcomes);
      return outcomes;
    },
    blameless() {
      const [violation] = watched.violations;
      if (violation !== undefined) throw new Error(violation);
      for (const signal of signals) {
        if (signal.kind === 'defect')
          throw new Error(`a defect in ${signal.where}: ${inspect(signal.error).slice(0, 400)}`);
        if (signal.kind === 'conservation_broken')
          throw new Error(`${signal.in} events in, ${signal.out} outcomes out`);
      }
    },
    async close() {
      await runtime.close();
    },
  };
}

/** Runs `use` with a probe and closes it, whatever happens. */
export async function withProbe<R>(
  subject: Subject,
  script: Script,
  use: (probe: Probe) => Promise<R>,
  probing: ProbeOptions = {},
): Promise<R> {
  const probe = openProbe(subject, script, probing);
  try {
    return await use(probe);
  } finally {
    await probe.close();
  }
}

function checkOutcomes(events: readonly CdpEvent[], outcomes: readonly Outcome[]): void {
  if (outcomes.length !== events.length) throw new Error(`${events.length} events in, ${outcomes.length} outcomes out`);
  for (const [index, outcome] of outcomes.entries()) {
    if (!outcomeKinds.includes(outcome?.kind)) throw new Error(`outcome ${index} is ${inspect(outcome)}`);
    const id: unknown = (events[index] as { messageId?: unknown } | null)?.messageId;
    const expected = typeof id === 'string' ? id : '';
    if (outcome.eventId !== expected) throw new Error(`outcome ${index} is about another event (${outcome.eventId})`);
    if (outcome.kind === 'delivered') continue;
    const { code, message } = outcome.reason;
    if (!reasonCodes.includes(code)) throw new Error(`outcome ${index} has the unknown reason ${code}`);
    if (typeof message !== 'string' || message.trim() === '') throw new Error(`outcome ${index} does not say why`);
  }
}
