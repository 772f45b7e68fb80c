import type { AnyDestination, CdpEvent } from '../../index.ts';

/** How the vendor of a trial can fail: by name, in a sentence. */
export const trialFaults = {
  'unauthorized-401': 'The vendor refuses the credentials (401).',
  'firewall-403': 'Something before the vendor answers with a page (403).',
  'throttled-429-seconds': 'The vendor asks for a pause of one second (429 with Retry-After).',
  'error-500': 'The vendor fails, and has none of the events (500).',
  'unavailable-503': 'The vendor is not available (503).',
  'bad-gateway-502': 'A gateway answers 502, although the vendor has taken the events.',
  'reset-before-commit': 'The connection is reset before the vendor takes the events.',
  'reset-after-commit': 'The vendor takes the events; the connection is reset before it answers.',
  'truncated-body': 'The vendor takes the events; half of its answer comes.',
  'garbage-body': 'The vendor takes the events; its answer is a page that nobody can read.',
  'error-inside-2xx': 'The status says yes, the body says no; the vendor has none of the events.',
  'items-refused': 'The vendor refuses every second new event, the first to begin with, and again whenever it comes.',
  hang: 'The request arrives, and no answer comes.',
} as const satisfies Readonly<Record<string, string>>;

export type TrialFaultKind = keyof typeof trialFaults;

export interface TrialFault {
  readonly kind: TrialFaultKind;
  /** How many requests meet it, from the first; or all. */
  readonly requests: number | 'all';
}

/** An event that reached the vendor in good order. */
export interface TrialLedgerEntry {
  /** By which the vendor knows it. */
  readonly id: string;
  readonly committed: boolean;
  /** Epoch ms. */
  readonly at: number;
  /** The fault that its request met. */
  readonly fault?: string | undefined;
}

/** A vendor in this process, for one trial. */
export interface TrialVendor {
  /** `recorded`: it gives the answer that the destination's folder has recorded, and holds nobody to a document. */
  readonly kind: 'simulator' | 'recorded';
  readonly origin: string;
  /** To open the connection with. */
  readonly destination: AnyDestination;
  /** The most events in a request for which its answer is true. Default: as many as the vendor takes. */
  readonly eventsPerRequest?: number;
  /** Whether it can play `items-refused`. */
  readonly canRefuseItems: boolean;
  readonly ledger: {
    readonly entries: readonly TrialLedgerEntry[];
    distinct(): number;
    duplicates(): number;
  };
  /** What it refused by itself, because the request was wrong. */
  refused(): readonly {
    readonly request: number;
    readonly status: number;
    readonly reason: string;
    readonly item?: number;
  }[];
  close(): Promise<void>;
}

/** What trials need and a service does not have by itself. */
export interface TrialSettings {
  /**
   * Starts the vendor that a connection with these settings, which are valid, would send to. Resolves to `undefined`
   * where there is none that can be had without leaving the machine.
   */
  readonly startVendor?: (
    destination: AnyDestination,
    config: Readonly<Record<string, unknown>>,
    fault: TrialFault | undefined,
  ) => Promise<TrialVendor | undefined>;
  /** Events to try settings with, by name. */
  readonly events?: () => Promise<Readonly<Record<string, CdpEvent>>>;
  /** A request may ask for a delivery to the vendor itself. Default: false. */
  readonly allowReal?: boolean;
}
