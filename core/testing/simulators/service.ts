import type { Answer } from './answer.ts';
import type { Arrival } from './received-request.ts';
import { commits, faultKinds, faultScript, type FaultKind, type FaultPlan } from './faults.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { seenOf, type Seen } from './fault-answers.ts';

/** Why the vendor said no, so that a test can print it. */
export interface VendorRefusal {
  /** Number of the request, from 1. */
  readonly request: number;
  readonly status: number;
  readonly reason: string;
  /** Position in the request, where one item is meant. */
  readonly item?: number;
}

/** What a vendor makes of a request, before anything is kept. */
export interface VendorVerdict {
  readonly answer: Answer;
  /** Ids of the events it would take. */
  readonly taken: readonly string[];
  readonly refused: readonly { readonly reason: string; readonly item?: number }[];
  /** Takes note of the events, where the vendor remembers more than the ledger. Called only if they are committed. */
  readonly remember?: () => void;
  /** The refusal is about order. */
  readonly late?: boolean;
  /** The events are only checked (AdRoll's dry run). */
  readonly checkedOnly?: boolean;
}

export interface Vendor {
  readonly judge: (arrival: Arrival) => VendorVerdict;
  /** Bytes of body worth keeping: a little over the vendor's limit. */
  readonly keepBytes: number;
  readonly successStatus: number;
  readonly errorInside: Answer;
}

/** A vendor's work and its books, however its requests come. */
export interface Service {
  readonly keepBytes: number;
  readonly plan: FaultPlan;
  readonly ledger: Ledger;
  readonly requests: () => number;
  readonly refused: () => readonly VendorRefusal[];
  readonly faults: () => Readonly<Record<FaultKind, number>>;
  /** A request begins to arrive; what is returned takes the whole of it, and says what its client is to see. */
  begin(): (arrival: Arrival) => { readonly honest: Answer; readonly seen: Seen };
}

export interface ServiceOptions {
  readonly plan: FaultPlan;
  readonly seed: number;
  readonly now: () => number;
}

export function openService(vendor: Vendor, { plan, seed, now }: ServiceOptions): Service {
  const ledger = openLedger();
  const refusals: VendorRefusal[] = [];
  const played = Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  const faultOf = faultScript(plan, seed);
  const { keepBytes, successStatus, errorInside } = vendor;
  let requests = 0;

  const keep = (verdict: VendorVerdict, request: number, at: number, fault: FaultKind | undefined): void => {
    ledger.write(verdict.taken, verdict.checkedOnly !== true, at, fault);
    verdict.remember?.();
    if (verdict.late === true) ledger.violated();
    for (const refusal of verdict.refused) refusals.push({ request, status: verdict.answer.status, ...refusal });
  };

  return {
    keepBytes,
    plan,
    ledger,
    requests: () => requests,
    refused: () => refusals,
    faults: () => played,
    begin() {
      requests += 1;
      const request = requests;
      const drawn = faultOf(request);
      return (arrival) => {
        const verdict = vendor.judge(arrival);
        // Some other 2xx is how a vendor may say yes; who was refused does not get to hear one.
        const kind = drawn === 'undocumented-2xx' && verdict.answer.status > 299 ? undefined : drawn;
        if (kind === undefined || commits(kind)) keep(verdict, request, arrival.at, kind);
        else ledger.write(verdict.taken, false, arrival.at, kind);
        const honest = verdict.answer;
        if (kind === undefined) return { honest, seen: honest };
        played[kind] += 1;
        return { honest, seen: seenOf(kind, { plan, honest, successStatus, errorInside, now }) };
      };
    },
  };
}
