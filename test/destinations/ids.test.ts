// Tests that no destination loses silently what stands in the place of an id, whatever JSON it is.
import { describe, expect, it } from '@jest/globals';
import type { CdpEvent, JsonValue } from '../../core/api/index.ts';
import { eventOf, folderUnderTest, type FolderUnderTest } from '../../core/testing/index.ts';
import adjust from '../../destinations/adjust/index.ts';
import adrollEmail from '../../destinations/adroll-email/index.ts';
import adroll from '../../destinations/adroll/index.ts';
import rokt from '../../destinations/rokt/index.ts';

const uuid = 'A1B2C3D4-E5F6-4789-8ABC-DEF012345678';
/** With an id that stands in no place of the table. */
const device = (family: string) => ({
  type: family,
  ...(family === 'ios' ? { idfv: uuid } : { android_id: '9a8b7c6d' }),
});

interface Place {
  readonly path: string;
  readonly base?: Readonly<Record<string, unknown>>;
  /** Where a note says that it stands, if that is another path. */
  readonly noted?: string;
}
interface Folder {
  readonly folder: FolderUnderTest<unknown, unknown>;
  readonly base: Readonly<Record<string, unknown>>;
  readonly places: readonly Place[];
}

const places = (base: Readonly<Record<string, unknown>>, ...paths: readonly string[]): readonly Place[] =>
  paths.map((path) => ({ path, base }));

const folders: Readonly<Record<string, Folder>> = {
  adroll: {
    folder: folderUnderTest(adroll, {
      advertisableEid: 'ADV',
      pixelEid: 'PIX',
      serverAccessToken: 'sat',
      identifierPolicy: 'any',
    }),
    base: { 'context.adroll': undefined, 'context.traits': undefined, 'properties.order_id': undefined },
    places: [
      ...places(
        {},
        'integrations.AdRoll.first_party_cookie',
        'context.adroll.firstPartyCookie',
        'properties.first_party_cookie',
        'context.traits.first_party_cookie',
        'context.adroll.adct',
        'properties.adct',
        'properties.order_id',
        'properties.orderId',
        'context.traits.email',
        'context.traits.email_sha256',
        'properties.email_md5',
      ),
      { path: 'properties.products.0.product_id' },
      { path: 'properties.products.0.sku' },
      ...places({ 'context.device': device('ios') }, 'context.device.advertisingId', 'context.device.idfa'),
      ...places({ 'context.device': device('android') }, 'context.device.advertisingId', 'context.device.gps_adid'),
    ],
  },
  rokt: {
    folder: folderUnderTest(rokt, {
      pod: 'us1',
      apiKey: 'key',
      apiSecret: 'secret',
      environment: 'production',
      clickId: true,
      advertisingIds: true,
    }),
    base: { 'properties.order_id': undefined },
    places: [
      ...places(
        {},
        'properties.rtid',
        'properties.rclid',
        'context.traits.rtid',
        'context.traits.rclid',
        'properties.order_id',
        'properties.orderId',
        'properties.transaction_id',
        'properties.confirmationref',
      ),
      { path: 'properties.products.0.sku' },
      { path: 'context.traits.email' },
      ...places({ 'context.device': device('ios') }, 'context.device.advertisingId', 'context.device.idfa'),
      ...places({ 'context.device': device('android') }, 'context.device.advertisingId', 'context.device.gps_adid'),
    ],
  },
  adjust: {
    folder: folderUnderTest(adjust, {
      appToken: 'app',
      environment: 'production',
      eventTokens: { 'Order Completed': 'purch1' },
    }),
    base: {},
    places: [
      ...places({ 'context.device': device('ios') }, 'context.adjust.adid', 'integrations.Adjust.adid'),
      ...places({ 'context.device': device('ios') }, 'context.device.adid', 'context.device.advertisingId'),
      ...places({ 'context.device': device('ios') }, 'context.device.idfa'),
      ...places({ 'context.device': { type: 'ios', idfa: uuid } }, 'context.device.idfv', 'context.device.id'),
      ...places({ 'context.device': device('android') }, 'context.device.gps_adid', 'context.device.oaid'),
      ...places({ 'context.device': device('fire') }, 'context.device.fire_adid'),
      ...places(
        { 'context.device': { type: 'android', gps_adid: uuid } },
        'context.device.android_id',
        'context.device.id',
      ),
    ],
  },
  'adroll-email': {
    folder: folderUnderTest(adrollEmail, {
      advertisableEid: 'ADV',
      auth: { kind: 'token', token: 'token' },
    }),
    base: { type: 'track', event: 'Unsubscribed', 'context.traits': undefined, 'properties.email': undefined },
    places: [{ path: 'properties.email' }, { path: 'context.traits.email' }],
  },
};

const odd: readonly JsonValue[] = [12_345, 1.5, -7, 2 ** 53, true, false, ['A-1'], { id: 'A-1' }];
const blank: readonly JsonValue[] = ['', ' ', [], {}, 0, 'null', '(not set)'];

function made({ folder, base }: Folder, { path, base: more }: Place, value: JsonValue | undefined) {
  const [, list, member] = /^(.*\.products)\.0\.(\w+)$/.exec(path) ?? [];
  const placed = list === undefined ? { [path]: value } : { [list]: [{ name: 'Tent', [member as string]: value }] };
  const event = eventOf('order-completed-web', { ...base, ...more, ...placed }) as CdpEvent;
  const reason = folder.reason(event);
  const said = reason === undefined ? folder.notes(event) : [reason];
  return { text: reason === undefined ? folder.text(event) : '', said: said.map(({ field }) => field ?? '') };
}

const rows = Object.entries(folders).flatMap(([name, folder]) =>
  folder.places.map((place) => [name, place.path, folder, place] as const),
);

describe('F-50 F-51 what stands in the place of an id', () => {
  it.each(rows)('%s sends, or says that it leaves out, at %s', (_, path, folder, place) => {
    const without = made(folder, place, undefined);
    const leaf = path.split('.').at(-1) as string;
    for (const value of odd) {
      const { text, said } = made(folder, place, value);
      const isSent = typeof value === 'number' && text !== without.text && text.includes(String(value));
      const isTold = said.some((field) => field.endsWith(leaf) || path.startsWith(`${field}.`));
      expect([value, isSent || isTold]).toEqual([value, true]);
    }
  });

  // An e-mail address, and with AdRoll and Rokt an advertising id, is told to be none, whatever it says.
  const tellsAll = /^(?!adjust).*\.(?:device\.|e?mail)/;

  it.each(rows.filter(([name, path]) => !tellsAll.test(`${name}.${path}`)))(
    'F-52 %s takes a word for nothing at %s as nothing there',
    (_, _path, folder, place) => {
      const without = made(folder, place, undefined);
      for (const value of blank) expect([value, made(folder, place, value)]).toEqual([value, without]);
    },
  );
});
