import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { receive } from './received-request.ts';
import type { FaultKind, FaultPlan } from './faults.ts';
import type { Ledger } from './ledger.ts';
import type { DeliveredAnswer, WireAnswer } from './fault-answers.ts';
import { openService, type VendorRefusal, type Service, type SimulatedVendor } from './service.ts';

export interface SimulatorOptions {
  readonly faults?: FaultPlan;
  /** Of the faults. Default 1. */
  readonly seed?: number;
  /** Every answer waits this long, in ms. Default 0. */
  readonly latencyMs?: number;
  /** Epoch ms; what the vendor takes for the present. Default: the clock. */
  readonly now?: () => number;
  /** What is the matter with this vendor beside the faults. Default: nothing. */
  readonly altered?: (vendor: SimulatedVendor) => SimulatedVendor;
  /** How requests get to it. Default: over HTTP on loopback. */
  readonly transport?: SimulatorTransport;
}

/** Lets requests in, and says where. */
export type SimulatorTransport = (
  service: Service,
  options: { readonly latencyMs: number; readonly now: () => number },
) => Promise<{ readonly origin: string; readonly close: () => Promise<void> }>;

/** A vendor that can be reached. */
export interface Simulator {
  readonly origin: string;
  readonly ledger: Ledger;
  /** How many requests have arrived. */
  requests(): number;
  /** Every refusal the vendor really answered, in order. */
  refused(): readonly VendorRefusal[];
  /** How often each fault was played. */
  faults(): Readonly<Record<FaultKind, number>>;
  close(): Promise<void>;
}

export async function startSimulator(
  vendor: SimulatedVendor,
  {
    faults: plan = {},
    seed = 1,
    latencyMs = 0,
    now = Date.now,
    altered = (same) => same,
    transport = onLoopback,
  }: SimulatorOptions,
): Promise<Simulator> {
  const service = openService(altered(vendor), { plan, seed, now });
  const { ledger, requests, refused, faults } = service;
  const { origin, close } = await transport(service, { latencyMs, now });
  return { origin, ledger, requests, refused, faults, close };
}

const onLoopback: SimulatorTransport = async (service, { latencyMs, now }) => {
  const timers = new Set<NodeJS.Timeout>();
  const later = (ms: number, then: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      then();
    }, ms);
    timers.add(timer);
  };
  const server = createServer({ keepAliveTimeout: 120_000 }, (incoming, response) => {
    const judge = service.begin();
    receive(incoming, service.keepBytes, now, (request) => {
      const respond = (): void => {
        const { honest, seen } = judge(request);
        if (seen === 'slow') later(service.plan.slowMs ?? 50, () => writeAnswer(response, honest));
        else show(response, seen, later);
      };
      if (latencyMs === 0) respond();
      else later(latencyMs, respond);
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise<void>((listening, failed) => server.once('listening', listening).once('error', failed));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        for (const timer of timers) clearTimeout(timer);
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
};

/** A client has the head of an answer before the reset comes after it. */
const headMs = 20;

function show(
  response: ServerResponse,
  seen: Exclude<DeliveredAnswer, 'slow'>,
  later: (ms: number, then: () => void) => void,
): void {
  if (seen === 'silence') return;
  if (seen === 'reset') response.socket?.resetAndDestroy();
  else if ('breaksOff' in seen) {
    const { status, headers, body } = seen.breaksOff;
    response.writeHead(status, headers);
    response.write(body ?? '', () => response.socket?.destroy());
  } else if ('headOnly' in seen) {
    // By hand: a server of Node's would write a length, or the chunks that tell an end.
    response.socket?.write(`HTTP/1.1 ${seen.headOnly} OK\r\nconnection: close\r\n\r\n`);
    later(headMs, () => response.socket?.resetAndDestroy());
  } else writeAnswer(response, seen);
}

function writeAnswer(response: ServerResponse, { status, headers = {}, body = '' }: WireAnswer): void {
  if (response.destroyed) return;
  if (status === 204) response.writeHead(status, headers).end();
  else response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}
