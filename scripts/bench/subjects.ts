import type { AnyDestination } from '../../core/index.ts';
import adjust from '../../destinations/adjust/index.ts';
import adroll from '../../destinations/adroll/index.ts';
import rokt from '../../destinations/rokt/index.ts';
import { generateLines, mixes, type Mix } from '../../core/testing/simulators/index.ts';
import { adjustAllBody, adjustBody } from './floors/adjust.ts';
import { adrollBody } from './floors/adroll.ts';
import { roktBody, roktBulkBody } from './floors/rokt.ts';

export type SubjectName =
  | 'AdRoll, 100 a request'
  | 'Rokt, 100 a request'
  | 'Rokt, 1 a request'
  | 'Adjust, 1 a request'
  | 'Adjust all, 1 a request';

/** A connection that is measured, and the hand-written code that yields the same requests. */
export interface Subject {
  readonly name: SubjectName;
  readonly destination: AnyDestination;
  readonly config: Readonly<Record<string, unknown>>;
  readonly mix: Mix;
  /** Events in one request. */
  readonly perRequest: number;
  readonly floor: {
    readonly bodyOf: (lines: readonly string[]) => string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  /** The vendor's plain yes. */
  readonly yes: { readonly status: number; readonly body: string };
}

const roktConfig = { apiKey: 'simulated-key', apiSecret: 'simulated-secret', pod: 'us1', environment: 'development' };
const roktHeaders = {
  'content-type': 'application/json',
  accept: 'application/json',
  authorization: `Basic ${Buffer.from('simulated-key:simulated-secret').toString('base64')}`,
};
const appOrders: Mix = { 'ios-order': 1, 'android-order': 1 };

export const subjects: readonly Subject[] = [
  {
    name: 'AdRoll, 100 a request',
    destination: adroll,
    config: {
      advertisableEid: 'ADVERTISABLE0000000001',
      pixelEid: 'PIXEL00000000000000001',
      serverAccessToken: 'sat-simulated',
      gzip: false,
    },
    mix: mixes.webOrders,
    perRequest: 100,
    floor: {
      bodyOf: adrollBody,
      path: '/api?advertisable=ADVERTISABLE0000000001',
      headers: { authorization: 'Token sat-simulated', 'content-type': 'application/json' },
    },
    yes: { status: 200, body: '{"status":"ok"}' },
  },
  {
    name: 'Rokt, 100 a request',
    destination: rokt,
    config: { ...roktConfig, bulk: true },
    mix: mixes.webOrders,
    perRequest: 100,
    floor: { bodyOf: roktBulkBody, path: '/v2/bulkevents', headers: roktHeaders },
    yes: { status: 202, body: '' },
  },
  {
    name: 'Rokt, 1 a request',
    destination: rokt,
    config: { ...roktConfig, bulk: false },
    mix: mixes.webOrders,
    perRequest: 1,
    floor: { bodyOf: roktBody, path: '/v2/events', headers: roktHeaders },
    yes: { status: 202, body: '' },
  },
  adjustWith('Adjust, 1 a request', adjustBody, {
    callbackParams: ['order_id', 'message_id', 'payment_method'],
  }),
  // What rudder-transformer sends of every event, whatever its settings.
  adjustWith('Adjust all, 1 a request', adjustAllBody, {
    callbackParams: 'all',
    partnerParams: ['order_id', 'payment_method'],
  }),
];

function adjustWith(
  name: SubjectName,
  bodyOf: Subject['floor']['bodyOf'],
  parameters: Readonly<Record<string, unknown>>,
): Subject {
  return {
    name,
    destination: adjust,
    config: {
      appToken: 'app5imulated',
      environment: 'sandbox',
      eventTokens: { 'Order Completed': 'tok000' },
      ...parameters,
    },
    mix: appOrders,
    perRequest: 1,
    floor: { bodyOf, path: '/event', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    yes: { status: 200, body: '{"status":"OK"}' },
  };
}

export const subjectOf = (name: SubjectName): Subject => subjects.find((subject) => subject.name === name) as Subject;

/** Seeded events of about 1.8 kB as NDJSON lines, recent enough for every vendor. */
export const linesFor = (
  { mix }: Subject,
  count: number,
  options: { readonly phones?: number; readonly seed?: number; readonly startTime?: number } = {},
): readonly string[] => [...generateLines({ count, mix, startTime: Date.now() - 3_600_000 - count * 20, ...options })];
