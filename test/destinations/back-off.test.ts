import { describe, expect, it } from '@jest/globals';
import { createRuntime, type AnyDestination } from '../../core/index.ts';
import adjust from '../../destinations/adjust/index.ts';
import adrollEmail from '../../destinations/adroll-email/index.ts';
import adroll from '../../destinations/adroll/index.ts';
import rokt from '../../destinations/rokt/index.ts';
import { canonicalEvents, type CanonicalEventName } from '../../core/testing/kit/events.ts';
import { VendorDouble, type ScriptedReply } from '../../core/testing/kit/vendor-double.ts';
import { ManualClock } from '../../core/testing/kit/manual-clock.ts';

interface Vendor {
  readonly destination: AnyDestination;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly event: CanonicalEventName;
  readonly yes: ScriptedReply;
}

const adrolls: Vendor = {
  destination: adroll,
  settings: { advertisableEid: 'ADV', pixelEid: 'PIX', serverAccessToken: 'sat', gzip: false },
  event: 'order-completed-web',
  yes: { status: 200 },
};
const rokts: Vendor = {
  destination: rokt,
  settings: { pod: 'us1', apiKey: 'key', apiSecret: 'secret', environment: 'development' },
  event: 'order-completed-web',
  yes: { status: 202 },
};
const adjusts: Vendor = {
  destination: adjust,
  settings: { appToken: 'app0', environment: 'sandbox', eventTokens: { 'Order Completed': 'purch1' } },
  event: 'order-completed-ios',
  yes: { status: 200, body: { status: 'OK' } },
};
const adrollEmails: Vendor = {
  destination: adrollEmail,
  settings: { advertisableEid: 'ADV', auth: { kind: 'token', token: 'pat' } },
  event: 'unsubscribed',
  yes: { status: 200, body: { ignored: [] } },
};

/** Milliseconds between the requests of one event that is refused so four times, when the dice say `random`. */
async function pauses(vendor: Vendor, refusal: ScriptedReply, random: () => number): Promise<number[]> {
  const times: number[] = [];
  const double = new VendorDouble((_request, position) => {
    times.push(clock.now());
    return position < 4 ? refusal : vendor.yes;
  });
  const clock = new ManualClock({ selfDrive: { busy: () => double.busy } });
  const { now, sleep } = clock;
  const destinations = [vendor.destination];
  const runtime = createRuntime({ destinations, dispatcher: () => double, now, sleep, random });
  try {
    const opened = runtime.open(vendor.destination.manifest.slug, vendor.settings);
    if (opened.kind !== 'open') throw new Error('the settings are refused');
    const [outcome] = await opened.connection.deliver([canonicalEvents[vendor.event]]);
    expect(outcome).toMatchObject({ kind: 'delivered', attempts: 5 });
    return times.slice(1).map((time, index) => time - (times[index] ?? 0));
  } finally {
    await runtime.close();
  }
}

const almostOne = 0.999_999;

describe('the pause before the next attempt', () => {
  it.each<[string, Vendor, ScriptedReply]>([
    ['ADROLL-73 a 429 of AdRoll', adrolls, { status: 429 }],
    ['ADROLL-73 a 408 of AdRoll', adrolls, { status: 408 }],
    ['ADROLL-75 a 503 of AdRoll', adrolls, { status: 503 }],
    ['ADROLL-75 a refused connection to AdRoll', adrolls, { fault: 'refused' }],
    ['ADROLL-75 a broken connection to AdRoll', adrolls, { fault: 'reset' }],
    ['ROKT-57 a 429 of Rokt without Retry-After', rokts, { status: 429 }],
    ['ROKT-57 a 429 of Rokt with one it does not document', rokts, { status: 429, headers: { 'retry-after': 'soon' } }],
    ['ROKT-58 a 503 of Rokt', rokts, { status: 503 }],
    ['ROKT-59 a 500 of Rokt', rokts, { status: 500 }],
    ['ADJUST-67 a 500 of Adjust', adjusts, { status: 500 }],
    ['ADJUST-71 a 429 of Adjust', adjusts, { status: 429 }],
    ['ADEMAIL-63 a 503 of AdRoll Email', adrollEmails, { status: 503 }],
    ['ADEMAIL-63 a refused connection to AdRoll Email', adrollEmails, { fault: 'refused' }],
    ['ADEMAIL-63 a broken connection to AdRoll Email', adrollEmails, { fault: 'reset' }],
  ])('%s doubles, and is a random part of that', async (_answer, vendor, refusal) => {
    expect(await pauses(vendor, refusal, () => almostOne)).toEqual([500, 1000, 2000, 4000]);
    expect(await pauses(vendor, refusal, () => 0.25)).toEqual([125, 250, 500, 1000]);
    const dice = [0.5, 0.1, almostOne, 0.01];
    expect(await pauses(vendor, refusal, () => dice.shift() ?? 0)).toEqual([250, 100, 2000, 40]);
  });

  it.each<[string, Vendor]>([
    ['ADROLL-73 of AdRoll', adrolls],
    ['ROKT-56 of Rokt', rokts],
    ['ADJUST-71 of Adjust', adjusts],
    ['ADEMAIL-15 of AdRoll Email', adrollEmails],
  ])('is never shorter than the Retry-After %s, but may be longer', async (_who, vendor) => {
    const busy = { status: 429, headers: { 'retry-after': '1' } };
    expect(await pauses(vendor, busy, () => 0)).toEqual([1000, 1000, 1000, 1000]);
    expect(await pauses(vendor, busy, () => almostOne)).toEqual([1000, 1000, 2000, 4000]);
  });
});
