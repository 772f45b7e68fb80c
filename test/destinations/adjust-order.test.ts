import { describe, expect, it } from '@jest/globals';
import type { CdpEvent, ConnectionOptions, Outcome } from '../../core/index.ts';
import { canonicalEvents } from '../../core/testing/kit/events.ts';
import { openKitConnection, type KitConnection, type KitScript } from '../../core/testing/kit/kit-connection.ts';
import { loadContractFolder } from '../../core/testing/kit/load-contract-folder.ts';
import type { ScriptedReply } from '../../core/testing/kit/vendor-double.ts';
import { messageOf, oneDevice, withMessage } from '../support/destinations/one-device.ts';

const ok: ScriptedReply = { status: 200, body: { status: 'OK' } };
const down: ScriptedReply = { status: 500 };
const refused: ScriptedReply = { status: 400, body: { error: 'Event request failed (Bad event state)' } };

/** A purchase of a phone, `minute` minutes after eleven, under one of two revenue tokens. */
function purchase(phone: 'ios' | 'android', minute: number, event = 'Order Completed'): CdpEvent {
  const base = canonicalEvents[`order-completed-${phone}`];
  const timestamp = `2026-01-15T11:${String(minute).padStart(2, '0')}:00.000Z`;
  return { ...base, event, timestamp, messageId: `m-${phone}-${minute}` } as CdpEvent;
}

type Name = `${'ios' | 'android'} ${number}`;
const config = {
  appToken: 'app0',
  environment: 'sandbox',
  eventTokens: { 'Order Completed': 'purch1', 'Subscription Renewed': 'renew1' },
};

/** `answer` is asked by the name of the event and the number of its attempt. */
async function open(answer: (name: Name, attempt: number) => ScriptedReply, options?: ConnectionOptions) {
  const sent: Name[] = [];
  const script: KitScript = ({ body }) => {
    const form = body as Readonly<Record<string, string>>;
    const minute = new Date(Number(form['created_at_unix']) * 1000).getUTCMinutes();
    const name: Name = `${form['idfv'] === undefined ? 'android' : 'ios'} ${minute}`;
    sent.push(name);
    return answer(name, sent.filter((one) => one === name).length);
  };
  const probe: KitConnection = openKitConnection(await loadContractFolder('destinations/adjust'), script, {
    config,
    options,
  });
  return { probe, sent };
}

const said = (outcomes: readonly Outcome[]) =>
  outcomes.map((outcome) => (outcome.kind === 'deferred' ? `deferred: ${outcome.reason.code}` : outcome.kind));

describe("the events of a device, on Adjust's side", () => {
  it('ADJUST-04 ADJUST-31 ADJUST-32 ADJUST-34 ADJUST-35 ADJUST-73 leave one by one, and wait while an earlier one is tried again', async () => {
    const { probe, sent } = await open((name, attempt) => (name === 'ios 1' && attempt < 3 ? down : ok));
    const events = [
      purchase('ios', 3),
      purchase('ios', 2, 'Subscription Renewed'),
      purchase('ios', 1),
      purchase('android', 5),
    ];
    expect(said(await probe.deliver(events))).toEqual(['delivered', 'delivered', 'delivered', 'delivered']);
    expect(sent.filter((name) => name !== 'android 5')).toEqual(['ios 1', 'ios 1', 'ios 1', 'ios 2', 'ios 3']);
    expect(sent.indexOf('android 5')).toBeLessThan(2);
    await probe.close();
  });

  it('ADJUST-32 ADJUST-35 ADJUST-73 come back with the one that used up its attempts, unsent and for the same time', async () => {
    let broken = true;
    const { probe, sent } = await open((name) => (broken && name === 'ios 1' ? down : ok), {
      retry: { attempts: 2 },
    });
    const events = [purchase('ios', 1), purchase('ios', 2, 'Subscription Renewed'), purchase('ios', 3)];
    const outcomes = await probe.deliver(events);
    expect(said(outcomes)).toEqual(['deferred: vendor_unavailable', 'deferred: held_back', 'deferred: held_back']);
    const [head, ...behind] = outcomes.map((outcome) => (outcome.kind === 'deferred' ? outcome.retryAt : undefined));
    expect(head).toEqual(expect.any(String));
    expect(behind).toEqual([head, head]);
    expect(sent).toEqual(['ios 1', 'ios 1']);

    broken = false;
    expect(said(await probe.deliver(events))).toEqual(['delivered', 'delivered', 'delivered']);
    expect(sent.slice(2)).toEqual(['ios 1', 'ios 2', 'ios 3']);
    await probe.close();
  });

  it('ADJUST-73 go on in a later call that no longer has the one without an end', async () => {
    const { probe, sent } = await open((name) => (name === 'ios 1' ? down : ok), { retry: { attempts: 1 } });
    const later = purchase('ios', 2);
    expect(said(await probe.deliver([purchase('ios', 1), later]))).toEqual([
      'deferred: vendor_unavailable',
      'deferred: held_back',
    ]);
    expect(said(await probe.deliver([later]))).toEqual(['delivered']);
    expect(sent).toEqual(['ios 1', 'ios 2']);
    await probe.close();
  });

  it.each<[string, string, ScriptedReply]>([
    ['ADJUST-72 ADJUST-73', 'unknown', { fault: 'reset' }],
    ['ADJUST-72 ADJUST-73', 'unknown', { fault: 'timeout' }],
    ['ADJUST-36 ADJUST-73', 'rejected', refused],
    ['ADJUST-66 ADJUST-73', 'skipped', { status: 451 }],
  ])('%s go on behind one that is %s, which is not sent again', async (_rules, kind, reply) => {
    const { probe, sent } = await open((name) => (name === 'ios 1' ? reply : ok));
    const events = [purchase('ios', 1), purchase('ios', 2), purchase('ios', 3)];
    expect(said(await probe.deliver(events))).toEqual([kind, 'delivered', 'delivered']);
    expect(sent).toEqual(['ios 1', 'ios 2', 'ios 3']);
    await probe.close();
  });

  it('ADJUST-32 ADJUST-53 are rejected by Adjust when they come later than a later one of an earlier call', async () => {
    const { probe, sent } = await open((name) => (name === 'ios 1' ? refused : ok));
    expect(said(await probe.deliver([purchase('ios', 2)]))).toEqual(['delivered']);
    expect(said(await probe.deliver([purchase('ios', 1), purchase('ios', 3)]))).toEqual(['rejected', 'delivered']);
    expect(sent).toEqual(['ios 2', 'ios 1', 'ios 3']);
    await probe.close();
  });
});

it('ADJUST-24 a form of more than 1 MB is rejected unsent, and one of just that is sent', async () => {
  const long = { ...config, callbackParams: ['note'] };
  const bodies: number[] = [];
  const script: KitScript = ({ text }) => {
    bodies.push(Buffer.byteLength(text));
    return ok;
  };
  const probe = openKitConnection(await loadContractFolder('destinations/adjust'), script, { config: long });
  const noting = (length: number, minute: number): CdpEvent =>
    ({ ...purchase('ios', minute), properties: { note: 'x'.repeat(length) } }) as CdpEvent;
  await probe.deliver([noting(1, 1)]);
  const rest = 1_000_000 - (bodies[0] ?? 0);
  expect(said(await probe.deliver([noting(1 + rest, 2), noting(2 + rest, 3)]))).toEqual(['delivered', 'rejected']);
  expect(bodies.slice(1)).toEqual([1_000_000]);
  await probe.close();
});

describe('F-70 ADJUST-31 ADJUST-35 ADJUST-73 the events of a device that do not all name the same identifiers', () => {
  /** The messages that reach Adjust, where the first of `m-1` fails. */
  const arrivals = async (events: readonly CdpEvent[]): Promise<string[]> => {
    const arrived: string[] = [];
    const script: KitScript = ({ text }) => {
      const id = messageOf(new URLSearchParams(text));
      const fails = id === 'm-1' && !arrived.includes('m-1');
      arrived.push(id);
      return fails ? down : ok;
    };
    const probe = openKitConnection(await loadContractFolder('destinations/adjust'), script, { config: withMessage });
    expect(said(await probe.deliver(events))).toEqual(events.map(() => 'delivered'));
    await probe.close();
    return arrived;
  };
  const device = oneDevice(Date.parse('2026-01-15T11:00:00.000Z'));

  it('keep their order: the adid alone, the adid and the IDFV, the IDFV alone, the IDFV and the IDFA', async () => {
    expect(await arrivals(device.toReversed())).toEqual(['m-1', 'm-1', 'm-2', 'm-3', 'm-4']);
  });

  it('keep none where they have none in common', async () => {
    const [first, , third] = device as [CdpEvent, CdpEvent, CdpEvent];
    expect(await arrivals([first, third])).toEqual(['m-1', 'm-3', 'm-1']);
  });
});
