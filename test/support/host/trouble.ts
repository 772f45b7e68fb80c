import type { Clock } from '../../../core/policy/clock.ts';
import {
  bare,
  type FaultPlan,
  type SimulatedVendor,
  type VendorVerdict,
} from '../../../core/testing/simulators/index.ts';

/** What a run puts a vendor through: a share of faulty answers, refused credentials, events that it always fails on. */
export interface Trouble {
  readonly faults: FaultPlan;
  readonly altered: (vendor: SimulatedVendor) => SimulatedVendor;
  /** Event tokens that the vendor refuses for now; Adjust's own list. */
  readonly blocklist: string[];
  /** Keys of events that came in requests which the vendor failed for this: its ledger holds nothing of that. */
  readonly hidden: ReadonlySet<string>;
  /** So many of the events were let go: things happen when a certain share of them was. */
  readonly progress: (count: number) => void;
  /** Epoch ms when the credentials were refused, and when they were taken again. */
  readonly outages: readonly { readonly from: number; readonly to: number }[];
}

export interface TroubleOptions {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly events: number;
  readonly faultRate: number;
  /** Ledger keys of events that the vendor answers with 500, always. */
  readonly poison: ReadonlySet<string>;
  /** An event token that is blocklisted for a while. */
  readonly token?: string | undefined;
  /** Later than the client's patience. */
  readonly slowMs: number;
  /** Weights of such an answer and of no answer; most faults have 1. */
  readonly silence: number;
}

const outageMs = 600_000;
/** Shares of the finished events. */
const revokedAt = [0.25, 0.6] as const;
const blockedAt = 0.45;

/**
 * Every kind of fault. Those that cost a whole timeout come more rarely (`silence`), and so do two that one vendor or another answers for
 * by standing still: a 429 that names no time (AdRoll Email: an hour), and a firewall's 403.
 */
const weights = {
  'error-500': 1,
  'unavailable-503': 1,
  'throttled-429': 0.2,
  'throttled-429-seconds': 1,
  'unavailable-503-date': 1,
  'firewall-403': 0.1,
  'bad-gateway-502': 1,
  'reset-before-commit': 1,
  'reset-after-commit': 1,
  'truncated-body': 1,
  'reset-after-head': 1,
  'gzip-answer': 1,
  'garbage-body': 1,
  'error-inside-2xx': 1,
  'undocumented-2xx': 1,
};

export function createTrouble(options: TroubleOptions): Trouble {
  const { clock, events, faultRate, poison, token, slowMs, silence } = options;
  const outages: { from: number; to: number }[] = [];
  const blocklist: string[] = [];
  const hidden = new Set<string>();
  const hide = ({ acceptedIds }: VendorVerdict): void => {
    for (const id of acceptedIds) hidden.add(id);
  };
  let revoked = false;
  let blocked = false;

  /** Whatever comes with a request, this vendor does not know it any more. */
  const revocable =
    (judge: SimulatedVendor['judge']): SimulatedVendor['judge'] =>
    (request, refuses) => {
      const { authorization } = request.headers;
      if (!revoked || authorization === undefined) return judge(request, refuses);
      hide(judge(request, refuses));
      return judge({ ...request, headers: { ...request.headers, authorization: `${authorization}-revoked` } }, refuses);
    };
  const failing =
    (judge: SimulatedVendor['judge']): SimulatedVendor['judge'] =>
    (request, refuses): VendorVerdict => {
      const verdict = judge(request, refuses);
      if (blocklist.length > 0 && verdict.acceptedIds.length === 0) {
        const tokens = blocklist.splice(0);
        hide(judge(request, refuses));
        blocklist.push(...tokens);
      }
      if (!verdict.acceptedIds.some((id) => poison.has(id))) return verdict;
      hide(verdict);
      return { answer: bare(500), acceptedIds: [], refused: [] };
    };

  return {
    faults: { rate: faultRate, weights: { ...weights, slow: silence, hang: silence }, retryAfterSeconds: 1, slowMs },
    altered: (vendor) => ({ ...vendor, judge: failing(revocable(vendor.judge)) }),
    blocklist,
    hidden,
    outages,
    progress(count) {
      const share = count / events;
      if (!revoked && share >= (revokedAt[outages.length] ?? Number.POSITIVE_INFINITY)) {
        revoked = true;
        outages.push({ from: clock.now(), to: clock.now() + outageMs });
        clock.after(outageMs, () => (revoked = false));
      }
      if (token !== undefined && !blocked && share >= blockedAt) {
        blocked = true;
        blocklist.push(token);
        clock.after(outageMs, () => void blocklist.splice(0));
      }
    },
  };
}
