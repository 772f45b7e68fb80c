import type { AnyDestination } from '../../index.ts';
import {
  startAccount,
  startRecordedVendor,
  type RecordedAnswer,
  type Simulator,
  type SimulatorOptions,
} from '../simulators/index.ts';
import { loadReply } from './case.ts';
import { hasDemo, loadDemo } from './demo-format.ts';
import { folderUnderTest } from './folder-under-test.ts';
import { loadContractFolder } from './load-contract-folder.ts';
import { filled, isTemplate, namesRefused } from './reply-template.ts';
import { tagBatches } from './tag-batches.ts';
import { batchHeader } from './vendor-double.ts';

/** A vendor that a destination can send to without leaving the machine. */
export interface StartedVendor extends Simulator {
  /** `recorded`: it gives one answer to every request, and holds nobody to a document. */
  readonly kind: 'simulator' | 'recorded';
  /** The destination to open connections of: where the vendor is recorded, its requests say which events they carry. */
  readonly destination: AnyDestination;
  /** The most events in a request for which a recorded answer is true. Default: as many as the vendor takes. */
  readonly eventsPerRequest?: number;
  /** Whether it can refuse single events: `items-refused`. */
  readonly canRefuseItems: boolean;
}

export interface StartVendorOptions extends SimulatorOptions {
  /** The destination's folder, whose recorded replies answer where there is no simulator. */
  readonly folder?: string | undefined;
}

/**
 * Starts the vendor that a connection with these settings would send to: its simulator, where the customer of the
 * settings has an account; otherwise one that gives the success which the folder has recorded. Resolves to `undefined`
 * where there is neither. Rejects for settings that the destination refuses.
 */
export async function startVendor(
  destination: AnyDestination,
  settings: Readonly<Record<string, unknown>>,
  { folder, ...options }: StartVendorOptions = {},
): Promise<StartedVendor | undefined> {
  const account = folderUnderTest(destination, settings).config as Readonly<Record<string, unknown>>;
  const simulator = await startAccount(destination.manifest.slug, account, options);
  if (simulator !== undefined) return { ...simulator, kind: 'simulator', destination, canRefuseItems: true };
  const success = folder === undefined ? undefined : await recordedSuccess(folder, destination);
  return success === undefined ? undefined : startRecorded(destination, success, options);
}

interface RecordedSuccess {
  readonly answer: RecordedAnswer;
  readonly eventsPerRequest: number | undefined;
}

async function startRecorded(
  destination: AnyDestination,
  { answer, eventsPerRequest }: RecordedSuccess,
  options: SimulatorOptions,
): Promise<StartedVendor> {
  const { definition, batches } = tagBatches(destination, true);
  const canRefuseItems = namesRefused(answer);
  const vendor = await startRecordedVendor(answer, options, ({ headers }, refuses) => {
    const items = (batches[Number(headers[batchHeader])]?.items ?? []).map(({ key, eventId, text }) => ({
      key,
      eventId,
      refused: canRefuseItems && refuses(text),
    }));
    const taken = items.filter(({ refused }) => !refused);
    return { answer: filled(answer, items) as RecordedAnswer, acceptedIds: taken.map(({ eventId }) => eventId) };
  });
  const most = eventsPerRequest === undefined ? {} : { eventsPerRequest };
  return { ...vendor, kind: 'recorded', destination: definition, canRefuseItems, ...most };
}

/** What the demo answers with, or else the answer of the case that delivers one event. */
async function recordedSuccess(folder: string, destination: AnyDestination): Promise<RecordedSuccess | undefined> {
  const demo = hasDemo(folder) ? loadDemo(folder) : undefined;
  if (demo?.reply !== undefined)
    return { answer: recordedAnswer(folder, demo.reply), eventsPerRequest: demo.eventsPerRequest };
  const contract = await loadContractFolder(folder, destination).catch(() => undefined);
  const reply = contract?.successReply;
  if (reply === undefined || !('status' in reply)) return undefined;
  const { status, headers, body } = reply;
  return { answer: { status, headers, body }, eventsPerRequest: isTemplate(reply) ? undefined : 1 };
}

/** A reply of the folder's contract. Throws where it is no answer, but a fault. */
export function recordedAnswer(folder: string, name: string): RecordedAnswer {
  const reply = loadReply(folder, name);
  if (!('status' in reply)) throw new Error(`demo.json: reply: ${name} is no answer, but a fault`);
  return reply;
}
