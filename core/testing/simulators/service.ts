import type { Answer } from './answer.ts';
import type { ReceivedRequest } from './received-request.ts';
import { commits, faultKinds, faultScript, type FaultKind, type FaultPlan } from './faults.ts';
import { ItemRefusals, type RefusesItem } from './item-refusals.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { faultyAnswer, type DeliveredAnswer } from './fault-answers.ts';

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
  readonly acceptedIds: readonly string[];
  readonly refused: readonly { readonly reason: string; readonly item?: number }[];
  /** Takes note of the events, where the vendor remembers more than the ledger. Called only if they are committed. */
  readonly remember?: () => void;
  /** The refusal is about order. */
  readonly late?: boolean;
  /** The events are only checked (AdRoll's dry run). */
  readonly checkedOnly?: boolean;
}

export interface SimulatedVendor {
  /** `refuses`: what the vendor will not have, although it is right. */
  readonly judge: (request: ReceivedRequest, refuses: RefusesItem) => VendorVerdict;
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
  begin(): (request: ReceivedRequest) => { readonly honest: Answer; readonly seen: DeliveredAnswer };
}

export interface ServiceOptions {
  readonly plan: FaultPlan;
  readonly seed: number;
  readonly now: () => number;
}

export function openService(vendor: SimulatedVendor, { plan, seed, now }: ServiceOptions): Service {
  const ledger = openLedger();
  const refused: VendorRefusal[] = [];
  const played = Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  const faultOf = faultScript(plan, seed);
  const refusals = new ItemRefusals();
  const { keepBytes, successStatus, errorInside } = vendor;
  let requests = 0;

  const keep = (verdict: VendorVerdict, requestNumber: number, at: number, fault: FaultKind | undefined): void => {
    ledger.write(verdict.acceptedIds, verdict.checkedOnly !== true, at, fault);
    verdict.remember?.();
    if (verdict.late === true) ledger.violated();
    for (const refusal of verdict.refused)
      refused.push({ request: requestNumber, status: verdict.answer.status, ...refusal });
  };

  return {
    keepBytes,
    plan,
    ledger,
    requests: () => requests,
    refused: () => refused,
    faults: () => played,
    begin() {
      requests += 1;
      const requestNumber = requests;
      const drawn = faultOf(requestNumber);
      return (request) => {
        const { judgesNew, judgesKnown } = refusals;
        const verdict = vendor.judge(request, drawn === 'items-refused' ? judgesNew : judgesKnown);
        // Some other 2xx is how a vendor may say yes; who was refused does not get to hear one.
        const kind = drawn === 'undocumented-2xx' && verdict.answer.status > 299 ? undefined : drawn;
        if (kind === undefined || commits(kind)) keep(verdict, requestNumber, request.at, kind);
        else ledger.write(verdict.acceptedIds, false, request.at, kind);
        const honest = verdict.answer;
        if (kind === undefined) return { honest, seen: honest };
        played[kind] += 1;
        return { honest, seen: faultyAnswer(kind, { plan, honest, successStatus, errorInside, now }) };
      };
    },
  };
}
