import type { AnyDestination, ConnectionOptions, EventOrText } from '../../index.ts';
import { Problem, retryAfter } from '../problem.ts';
import { defineRoute, json, type Call, type Route } from '../route.ts';
import type { ServiceParts } from '../service-parts.ts';
import { tryForReal, tryWith, type Trial, type TrialReport } from '../trial/run-trial.ts';
import { aTrial, aTrialReport } from '../trial/trial-schema.ts';
import type { TrialFault, TrialVendor } from '../trial/trial-vendor.ts';
import { withSettings } from './preview.ts';

/** Each has a server of its own, and may take half a minute. */
const mostTrials = 16;

export function tryRoute(parts: ServiceParts): Route {
  let running = 0;
  return defineRoute({
    method: 'POST',
    path: '/v1/try',
    scope: 'events',
    summary: 'Delivers events to a vendor in this process, and shows each request',
    description:
      'The vendor is a simulator, or answers what its folder has recorded. It can fail in a way of your choice; waits ' +
      'are short, so that the end comes within seconds. The answer has an outcome for each event, a time line of the ' +
      'requests with what was decided by each answer, and what the vendor has in the end. Nothing of it lasts, no ' +
      'connection of the service takes part, and the settings are taken literally. With `real` and `confirm`, where ' +
      'the service was started with --allow-real and the token has the scope `operate`, events go to the vendor itself.',
    problems: ['not-found', 'conflict', 'too-many-requests'],
    input: aTrial,
    answers: { 200: [{ description: 'What became of the events, whatever that is', schema: aTrialReport }] },
    async handle(call) {
      if (running >= mostTrials)
        throw new Problem('too-many-requests', 'too many trials are running', { headers: retryAfter(1) });
      running += 1;
      try {
        return json(await reportOf(parts, call));
      } finally {
        running -= 1;
      }
    },
  });
}

type TrialCall = Call<unknown, (typeof aTrial)['_output']>;

async function reportOf(parts: ServiceParts, call: TrialCall): Promise<TrialReport & { readonly vendor: string }> {
  const { input, signal, by, requestId } = call;
  const { events, fault, within, config, options = {}, real = false } = input;
  if (real) requireReal(parts, call);
  const destination = await withSettings(parts, input, (_, known) => Promise.resolve(known));
  const trial: Trial = {
    destination,
    config,
    options: options as ConnectionOptions,
    events: events as readonly EventOrText[],
    withinMs: within,
    signal,
  };
  if (real) {
    const of = { token: by, destination: destination.manifest.slug, events: events.length, requestId };
    parts.log.info(of, 'a trial delivers for real');
    return { vendor: 'real', ...(await tryForReal(trial, parts.runtime)) };
  }
  const vendor = await startedVendor(parts, destination, config, fault);
  try {
    if (fault?.kind === 'items-refused' && !vendor.canRefuseItems)
      throw new Problem('conflict', 'the recorded answer of this destination cannot refuse single events');
    return { vendor: vendor.kind, ...(await tryWith(vendor, trial, parts.runtime)) };
  } finally {
    await vendor.close();
  }
}

function requireReal({ trials }: ServiceParts, { input, may }: TrialCall): void {
  if (input.fault !== undefined)
    throw new Problem('not-valid', 'a real vendor plays no faults', {
      errors: [{ path: 'fault', message: 'must be left out with "real"' }],
    });
  if (input.confirm !== true)
    throw new Problem('not-valid', 'a delivery to the vendor itself has to be confirmed', {
      errors: [{ path: 'confirm', message: 'must be true with "real"' }],
    });
  if (trials.allowReal !== true)
    throw new Problem('forbidden', 'this service was started without --allow-real: trials stay in its process');
  if (!may('operate')) throw new Problem('forbidden', 'a real delivery needs the scope operate, too');
}

async function startedVendor(
  { trials: { startVendor } }: ServiceParts,
  destination: AnyDestination,
  config: Readonly<Record<string, unknown>>,
  fault: TrialFault | undefined,
): Promise<TrialVendor> {
  if (startVendor === undefined) throw new Problem('conflict', 'this service was started without simulators');
  const vendor = await startVendor(destination, config, fault);
  if (vendor !== undefined) return vendor;
  throw new Problem('conflict', 'this destination has no simulator, and its folder has recorded no success to answer');
}
