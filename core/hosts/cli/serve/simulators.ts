import type { TrialFault, TrialSettings } from '../../../service/index.ts';

/**
 * The vendors of trials, and events for them. Both are half of the test kit, which loads with the first request for
 * one. `folders`: those of the destinations, by slug.
 */
export const trialsIn = (
  folders: ReadonlyMap<string, string>,
): Required<Pick<TrialSettings, 'startVendor' | 'events'>> => ({
  async startVendor(destination, config, fault) {
    const { startVendor } = await import('../../../testing/kit/start-vendor.ts');
    const folder = folders.get(destination.manifest.slug);
    return startVendor(destination, config, fault === undefined ? { folder } : { folder, faults: planOf(fault) });
  },
  async events() {
    return (await import('../../../testing/kit/events.ts')).canonicalEvents;
  },
});

/** A person waits: the vendor asks for the shortest pause that a Retry-After can. */
const retryAfterSeconds = 1;

const planOf = ({ kind, requests }: TrialFault) =>
  requests === 'all'
    ? { rate: 1, weights: { [kind]: 1 }, retryAfterSeconds }
    : { script: Object.fromEntries(Array.from({ length: requests }, (_, at) => [at + 1, kind])), retryAfterSeconds };
