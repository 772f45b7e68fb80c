import path from 'node:path';
import { loadDestinations, type AnyDestination, type CdpEvent, type ConnectionOptions } from '../../core/index.ts';
import {
  hasDemo,
  loadDemo,
  recordedAnswer,
  startRecordedVendor,
  type Demo,
  type Mix,
  type Simulator,
  type SimulatorOptions,
} from '../../core/testing/index.ts';
import { accounts, ledgerKey } from '../../test/support/simulators/accounts.ts';

/** A destination that takes part in the demo, and the vendor it sends to. */
export interface Participant {
  readonly slug: string;
  readonly destination: AnyDestination;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly options: ConnectionOptions;
  readonly events: Mix;
  /** The vendor has no simulator: it gives a recorded answer, and its ledger is empty. */
  readonly recorded: boolean;
  /** The event's id in the vendor's ledger. */
  readonly ledgerKey: (event: CdpEvent) => string;
  start(options: SimulatorOptions): Promise<Simulator>;
}

export interface Participants {
  readonly participants: readonly Participant[];
  /** A sentence for every destination that does not take part. */
  readonly leftOut: readonly string[];
}

/**
 * The destinations in a directory, by their `demo.json`. Throws if one is wrong, and names the folder and the place.
 */
export async function participantsIn(directory: string): Promise<Participants> {
  const destinations = await loadDestinations(directory);
  const participants: Participant[] = [];
  const leftOut: string[] = [];
  for (const destination of destinations) {
    const { slug } = destination.manifest;
    const folder = path.join(directory, slug);
    if (hasDemo(folder)) participants.push(participant(destination, folder));
    else leftOut.push(`${slug}: no demo.json, left out`);
  }
  if (participants.length === 0) throw new Error(`${directory}: no destination has a demo.json`);
  return { participants, leftOut };
}

function participant(destination: AnyDestination, folder: string): Participant {
  const { slug } = destination.manifest;
  try {
    const demo = loadDemo(folder);
    const common = { slug, destination, settings: demo.settings, events: demo.events };
    const account = accounts.find((known) => known.slug === slug);
    return account === undefined
      ? {
          ...common,
          options: demo.eventsPerRequest === undefined ? {} : { limits: { maxItems: demo.eventsPerRequest } },
          recorded: true,
          ledgerKey: ({ messageId }) => messageId ?? '',
          start: recordedVendorOf(demo, folder),
        }
      : {
          ...common,
          options: {},
          recorded: false,
          ledgerKey: (event) => ledgerKey(account, event),
          start: (options) => account.start(options),
        };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(message.replaceAll(/^/gm, `${slug}: `), { cause: error });
  }
}

function recordedVendorOf({ reply }: Demo, folder: string): Participant['start'] {
  if (reply === undefined)
    throw new Error(
      'demo.json: reply: is missing: the vendor has no simulator, so the demo answers with a reply of contract/replies',
    );
  const answer = recordedAnswer(folder, reply);
  return (options) => startRecordedVendor(answer, options);
}
