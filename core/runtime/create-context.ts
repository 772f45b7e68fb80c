import type { CheckOptions } from '../api/credential-check.ts';
import { createRedactor } from '../http/redact.ts';
import { withLastTarget } from '../http/target.ts';
import { createTransport } from '../http/transport.ts';
import { createRetryBudget } from '../policy/retry-budget.ts';
import { createSlidingWindow } from '../policy/sliding-window.ts';
import type { WindowLease } from '../policy/window-leases.ts';
import type { Binding } from './bind-settings.ts';
import type { ConnectionContext } from './connection-context.ts';
import { checkCredentials } from './credential-check.ts';
import type { HostParts } from './host-parts.ts';
import { createGate } from './intake/gate.ts';
import { textsOf } from './secrets.ts';
import { Inquiry } from './sending/inquiry.ts';
import { createPacer } from './sending/pacer.ts';
import { ScopePauses } from './sending/scope-pauses.ts';
import { RequestHook } from './sending/request-hook.ts';
import { NoteLabels } from './sending/note-labels.ts';
import { Suspensions } from './sending/suspensions.ts';
import { lowestPace } from './settings-limits.ts';
import { withoutUndefined } from './without-undefined.ts';

/**
 * Builds what all calls of one connection share. Adds the leases it takes to `leases`: the caller gives them back when
 * the connection closes.
 */
export function createConnectionContext(host: HostParts, binding: Binding, leases: WindowLease[]): ConnectionContext {
  const { destination, config, connectionOptions, id, vendor, access, settingsPace, windows, rules } = binding;
  const { manifest } = destination;
  const { clock, emit, onRequest } = host;
  const { slug } = manifest;
  const target = withLastTarget(access.target);
  const { rate: ownRate } = connectionOptions.pace ?? {};
  const pace = lowestPace(access.pace, settingsPace, connectionOptions.pace ?? {});
  const { retry } = connectionOptions;
  const policy = retry === undefined ? host.retry : { ...host.retry, ...withoutUndefined(retry) };
  for (const rate of windows.rates) leases.push(host.windows[windows.kind](windows.key, rate));
  // The connection's own rate comes on top of the vendor's, so that it can only slow down.
  const rates = [
    ...leases.map(({ window }) => window),
    ...(ownRate === undefined ? [] : [createSlidingWindow(ownRate)]),
  ];
  const pacer = createPacer(pace.concurrency, rates, clock);
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
