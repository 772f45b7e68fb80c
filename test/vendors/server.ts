import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer } from './answer.ts';
import { receive, type Arrival } from './arrival.ts';
import { commits, faultKinds, faultScript, type FaultKind, type FaultPlan } from './faults.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { misbehave } from './misbehave.ts';

/** Why the vendor said no, so that a test can print it. */
export interface Refusal {
  /** Number of the request, from 1. */
  readonly request: number;
  readonly status: number;
  readonly reason: string;
  /** Position in the request, where one item is meant. */
  readonly item?: number;
}

/** What a vendor makes of a request, before anything is kept. */
export interface Verdict {
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

export interface SimulatorOptions {
  readonly faults?: FaultPlan;
  /** Of the faults. Default 1. */
  readonly seed?: number;
  /** Every answer waits this long, in ms. Default 0. */
  readonly latencyMs?: number;
  /** Epoch ms; what the vendor takes for the present. Default: the clock. */
  readonly now?: () => number;
}

/** A vendor on loopback. */
export interface Simulator {
  readonly origin: string;
  readonly ledger: Ledger;
  /** How many requests have arrived. */
  requests(): number;
  /** Every refusal the vendor really answered, in order. */
  refused(): readonly Refusal[];
  /** How often each fault was played. */
  faults(): Readonly<Record<FaultKind, number>>;
  close(): Promise<void>;
}

export interface Vendor {
  readonly judge: (arrival: Arrival) => Verdict;
  /** Bytes of body worth keeping: a little over the vendor's limit. */
  readonly keepBytes: number;
  readonly successStatus: number;
  readonly errorInside: Answer;
}

export async function startSimulator(
  vendor: Vendor,
  { faults: plan = {}, seed = 1, latencyMs = 0, now = Date.now }: SimulatorOptions,
): Promise<Simulator> {
  const ledger = openLedger();
  const refusals: Refusal[] = [];
  const played = Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Record<FaultKind, number>;
  const timers = new Set<NodeJS.Timeout>();
  const faultOf = faultScript(plan, seed);
  let requests = 0;

  const later = (ms: number, then: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      then();
    }, ms);
    timers.add(timer);
  };

  const process = (verdict: Verdict, request: number, at: number, fault: FaultKind | undefined): void => {
    ledger.write(verdict.taken, verdict.checkedOnly !== true, at, fault);
    verdict.remember?.();
    if (verdict.late === true) ledger.violated();
    for (const refusal of verdict.refused) refusals.push({ request, status: verdict.answer.status, ...refusal });
  };

  const respond = (arrival: Arrival, response: ServerResponse, request: number, kind: FaultKind | undefined): void => {
    const verdict = vendor.judge(arrival);
    if (kind === undefined || commits(kind)) process(verdict, request, arrival.at, kind);
    else ledger.write(verdict.taken, false, arrival.at, kind);
    const write = (answer: Answer): void => writeAnswer(response, answer);
    if (kind === undefined) return write(verdict.answer);
    played[kind] += 1;
    const { successStatus, errorInside } = vendor;
    misbehave(response, { kind, plan, honest: verdict.answer, successStatus, errorInside, write, later, now });
  };

  const server = createServer({ keepAliveTimeout: 120_000 }, (incoming, response) => {
    requests += 1;
    const request = requests;
    const kind = faultOf(request);
    receive(incoming, vendor.keepBytes, now, (arrival) => {
      if (latencyMs === 0) respond(arrival, response, request, kind);
      else later(latencyMs, () => respond(arrival, response, request, kind));
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise<void>((listening, failed) => server.once('listening', listening).once('error', failed));

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ledger,
    requests: () => requests,
    refused: () => refusals,
    faults: () => played,
    close: () =>
      new Promise((closed) => {
        for (const timer of timers) clearTimeout(timer);
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function writeAnswer(response: ServerResponse, { status, headers = {}, body = '' }: Answer): void {
  if (response.destroyed) return;
  if (status === 204) response.writeHead(status, headers).end();
  else response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}
