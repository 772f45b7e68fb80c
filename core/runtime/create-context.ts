import type { CheckOptions } from '../api/credential-check.ts';
import type { Rate } from '../api/manifest.ts';
import { createRedactor } from '../http/redact.ts';
import { withLastTarget } from '../http/target.ts';
import { createTransport } from '../http/transport.ts';
import { createRetryBudget } from '../policy/retry-budget.ts';
import { createSlidingWindow, type SlidingWindow } from '../policy/sliding-window.ts';
import type { WindowLease } from '../policy/window-leases.ts';
import type { Binding } from './bind-settings.ts';
import { defect, type ConnectionContext } from './connection-context.ts';
import { checkCredentials } from './credential-check.ts';
import type { HostParts } from './host-parts.ts';
import { createGate } from './intake/gate.ts';
import { textsOf } from './secrets.ts';
import { Inquiry } from './sending/inquiry.ts';
import { createPacer, type Pacer } from './sending/pacer.ts';
import { ownRateKey } from './rate-windows.ts';
import { ScopePauses } from './sending/scope-pauses.ts';
import { RequestHook } from './sending/request-hook.ts';
import { NoteLabels } from './sending/note-labels.ts';
import { Suspensions } from './sending/suspensions.ts';
import { lowestPace } from './settings-limits.ts';
import { withoutUndefined } from './without-undefined.ts';

export type Releasable = Pick<WindowLease, 'release'>;

/**
 * Builds what all calls of one connection share. Adds the leases it takes to `leases`: the caller gives them back when
 * the connection closes.
 */
export function createConnectionContext(host: HostParts, binding: Binding, leases: Releasable[]): ConnectionContext {
  const { destination, config, connectionOptions, id, vendor, access, settingsPace, rules } = binding;
  const { manifest } = destination;
  const { clock, emit, onRequest } = host;
  const { slug } = manifest;
  const target = withLastTarget(access.target);
  const pace = lowestPace(access.pace, settingsPace, connectionOptions.pace ?? {});
  const { retry } = connectionOptions;
  const policy = retry === undefined ? host.retry : { ...host.retry, ...withoutUndefined(retry) };
  const pacer = pacerOf(host, binding, pace.concurrency, leases, (error) => defect(context, 'pace', error));
  const canCheck = vendor.check !== undefined && !('none' in vendor.check);
  const check = canCheck ? (within: CheckOptions) => checkCredentials(context, within, true) : undefined;
  const context: ConnectionContext = {
    slug,
    id,
    vendor,
    pace,
    policy,
    clock,
    emit,
    noteLabels: new NoteLabels(),
    requestHook: onRequest === undefined ? undefined : new RequestHook(onRequest, { slug, connection: id }, target),
    gate: createGate({
      manifest,
      id,
      requiredConsent: connectionOptions.requiredConsent ?? [],
      limits: host.eventLimits,
    }),
    rules,
    pacer,
    inquiry: new Inquiry({ pacer, check }),
    transport: createTransport({
      target,
      allowsLoopback: manifest.hosts === 'origins',
      compression: manifest.compression,
      origin: access.origin,
      isLocal: access.isLocal,
      timeoutMs: pace.timeoutMs,
      pools: host.pools,
      now: clock.now,
      elapsed: clock.elapsed,
      deadlines: host.deadlines,
    }),
    suspensions: new Suspensions(),
    scopePauses: new ScopePauses(clock),
    budget: createRetryBudget(policy.budget),
    onAmbiguous: connectionOptions.onAmbiguous ?? (manifest.replay === 'harmful' ? 'report' : 'retry'),
    redactor: createRedactor(() => {
      const { secrets, others } = textsOf(destination.config, config);
      return { secrets: [...secrets], settings: [...others], documented: vendor.response.documented };
    }),
    runs: new Set(),
    closed: false,
  };
  return context;
}

/** The connection's own rate comes on top of the vendor's, so that it can only slow down. */
function pacerOf(
  host: HostParts,
  { destination, config, connectionOptions, id, windows: { kind, key, rates } }: Binding,
  concurrency: number,
  leases: Releasable[],
  onDefect: (error: unknown) => void,
): Pacer {
  const { clock, sharedRates } = host;
  const { rate: ownRate } = connectionOptions.pace ?? {};
  const windowOf = (lease: WindowLease): SlidingWindow => {
    leases.push(lease);
    return lease.window;
  };
  if (sharedRates === undefined) {
    const windows = rates.map((rate) => windowOf(host.windows[kind](key, rate)));
    return createPacer(
      concurrency,
      ownRate === undefined ? windows : [...windows, createSlidingWindow(ownRate)],
      clock,
    );
  }
  const sharedWindow = (bucket: string, rate: Rate): SlidingWindow =>
    windowOf(host.windows.shared(bucket, rate, () => sharedRates.window(bucket, rate, onDefect)));
  const windows = rates.map((rate) => sharedWindow(key, rate));
  if (ownRate !== undefined) windows.push(sharedWindow(ownRateKey(destination.manifest.slug, id, config), ownRate));
  const pacer = createPacer(concurrency, windows, clock, sharedRates.pauses(key, onDefect));
  leases.push({ release: sharedRates.onPause(key, (ms) => pacer.pausedFor(ms), onDefect) });
  return pacer;
}
