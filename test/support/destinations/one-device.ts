import type { CdpEvent } from '../../../core/index.ts';

/**
 * One device, whose four events name it by different identifiers, a minute apart from `start` on: the adid, the adid
 * and the IDFV, the IDFV, the IDFV and the IDFA. Each has one in common with the next.
 */
export function oneDevice(start: number): CdpEvent[] {
  const adjust = { adid: '00112233445566778899aabbccddeeff' };
  const idfv = 'C0FFEE00-1A2B-4C3D-8E4F-5A6B7C8D9E0F';
  const idfa = 'A1B2C3D4-E5F6-4789-8ABC-DEF012345678';
  const contexts = [
    { adjust },
    { adjust, device: { type: 'ios', id: idfv } },
    { device: { type: 'ios', id: idfv } },
    { device: { type: 'ios', id: idfv, advertisingId: idfa } },
  ];
  return contexts.map((context, minute) => ({
    type: 'track',
    event: 'Order Completed',
    messageId: `m-${minute + 1}`,
    timestamp: new Date(start + minute * 60_000).toISOString(),
    properties: { message: `m-${minute + 1}` },
    context,
  })) as CdpEvent[];
}

/** Settings with which the form names the event, for messageOf(). */
export const withMessage = {
  appToken: 'app0',
  environment: 'sandbox',
  eventTokens: { 'Order Completed': 'purch1' },
  callbackParams: ['message'],
};

export const messageOf = (form: URLSearchParams): string =>
  (JSON.parse(form.get('callback_params') ?? '{}') as { message: string }).message;
