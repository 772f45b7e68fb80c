import { inspect } from 'node:util';
import type { Dispatcher } from 'undici';
import {
  createRuntime,
  eventIdOf,
  outcomeKinds,
  reasonCodes,
  type CdpEvent,
  type Connection,
  type ConnectionOptions,
  type Outcome,
  type Signal,
} from '../../index.ts';
import { deepFreeze } from './deep-freeze.ts';
import type { ContractFolder } from './contract-folder.ts';
import { allowedOriginsFor } from './allowed-origins.ts';
import { ManualClock, start as caseNow } from './manual-clock.ts';
import { filled, isTemplate, type AnsweredItem } from './reply-template.ts';
import { tagBatches } from './tag-batches.ts';
import type { SeenRequest } from './seen-request.ts';
import { VendorDouble, type ScriptedReply } from './vendor-double.ts';
import { assertPure, type ObservedDefinition } from './assert-pure.ts';

/** A script whose vendor answers at once. */
export type KitScript = (request: SeenRequest, position: number) => ScriptedReply | undefined;

export interface KitConnectionOptions {
  readonly config?: unknown;
  readonly options?: ConnectionOptions | undefined;
  /** Where the clock starts, in epoch ms; waiting advances it and takes no real time. */
  readonly now?: number | undefined;
  /** Answers instead of the script; see VendorDouble. */
  readonly through?: Dispatcher | undefined;
  /** Does not observe the folder's functions, for thousands of events. */
  readonly unobserved?: boolean;
  /** Whether the vendor refuses the event at that position of a call, where a reply says how it names such events. */
  readonly refuses?: (index: number) => boolean;
  /** Compresses bodies where the vendor asks for it. Takes time, so only cases do it: they compare the header. */
  readonly compressed?: boolean;
}

/** A connection to a scripted vendor, with a record of everything it did. */
export interface KitConnection {
  readonly connection: Connection;
  readonly vendor: VendorDouble;
  readonly observed: ObservedDefinition;
  readonly signals: readonly Signal[];
  /** Milliseconds the runtime has waited so far. */
  waitedMs(): number;
  /** Delivers frozen events. Throws when an outcome is missing, out of order or invalid. */
  deliver(events: readonly CdpEvent[]): Promise<readonly Outcome[]>;
  /** Throws if the folder broke its contract: see ObservedDefinition and the runtime's defect signals. */
  assertNoDefects(): void;
  close(): Promise<void>;
}

/** Opens a connection to the folder's destination; throws when its settings are refused. */
export function openKitConnection(
  folder: ContractFolder,
  script: KitScript,
  options: KitConnectionOptions = {},
): KitConnection {
  const { compressed = false } = options;
  const observed = options.unobserved
    ? { ...tagBatches(folder.definition, compressed), violations: [] }
    : assertPure(folder.definition, compressed);
  const itemsOf = (position: number): readonly AnsweredItem[] =>
    (observed.batches[vendor.batches[position] ?? -1]?.items ?? []).map(({ key, eventId, index }) => ({
      key,
      eventId,
      refused: options.refuses?.(index) ?? false,
    }));
  const vendor: VendorDouble = new VendorDouble((request, position) => {
    const reply = script(request, position);
    return reply === undefined || !isTemplate(reply) ? reply : filled(reply, itemsOf(position));
  }, options.through);
  const signals: Signal[] = [];
  const start = options.now ?? caseNow;
  const busy = (): boolean => vendor.busy || observed.compressing(vendor.batches);
  const clock = new ManualClock({ start, selfDrive: { busy, quietMs: compressed ? 2 : 0 } });
  const runtime = createRuntime({
    destinations: [observed.definition],
    allowedOrigins: allowedOriginsFor(folder.definition, options.config ?? folder.config),
    dispatcher: () => vendor,
    now: clock.now,
    sleep: clock.sleep,
    random: clock.random,
    onSignal: (signal) => signals.push(signal),
  });
  const opened = runtime.open(folder.definition.manifest.slug, options.config ?? folder.config, options.options);
  if (opened.kind === 'invalid') throw new Error(`the settings are refused: ${JSON.stringify(opened.issues)}`);
  const { connection } = opened;
  return {
    connection,
    vendor,
    observed,
    signals,
    waitedMs: () => clock.now() - start,
    async deliver(events) {
      const outcomes = await connection.deliver(events.map(deepFreeze));
      checkOutcomes(events, outcomes);
      return outcomes;
    },
    assertNoDefects() {
      const [violation] = observed.violations;
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

/** The settings, options and time of a case or a call. */
export const connectionOf = ({ config, options, now }: CaseSettings) => ({
  config,
  options: options as ConnectionOptions | undefined,
  now: Date.parse(now),
});
interface CaseSettings {
  readonly config?: unknown;
  readonly options?: unknown;
  readonly now: string;
}

/** Runs `use` with a connection and closes it, whatever happens. */
export async function withKitConnection<R>(
  folder: ContractFolder,
  script: KitScript,
  use: (kit: KitConnection) => Promise<R>,
  options: KitConnectionOptions = {},
): Promise<R> {
  const kit = openKitConnection(folder, script, options);
  try {
    return await use(kit);
  } finally {
    await kit.close();
  }
}

function checkOutcomes(events: readonly CdpEvent[], outcomes: readonly Outcome[]): void {
  if (outcomes.length !== events.length) throw new Error(`${events.length} events in, ${outcomes.length} outcomes out`);
  for (const [index, outcome] of outcomes.entries()) {
    if (!outcomeKinds.includes(outcome?.kind)) throw new Error(`outcome ${index} is ${inspect(outcome)}`);
    if (outcome.eventId !== eventIdOf(events[index]))
      throw new Error(`outcome ${index} is about another event (${outcome.eventId})`);
    if (outcome.kind === 'delivered') continue;
    const { code, message } = outcome.reason;
    if (!reasonCodes.includes(code)) throw new Error(`outcome ${index} has the unknown reason ${code}`);
    if (typeof message !== 'string' || message.trim() === '') throw new Error(`outcome ${index} does not say why`);
  }
}
