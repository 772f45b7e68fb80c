import type { AdvertisableAccount, Call, Operations } from './account.ts';
import { invalid, said, silentNo, type Problem } from './answer.ts';
import { readSeconds, writeSeconds } from './dates.ts';
import { isFields } from '../field-checks.ts';
import type { VendorVerdict } from '../service.ts';

export interface AdrollEmailUnsubscriberOptions {
  /** ADEMAIL-17: the form of the list that is recorded; the other one is refused. Default `array`, the document's. */
  readonly unsubscribersBody?: 'array' | 'object';
  /** ADEMAIL-19: the vendor names no most; this stands for the one it will have. Default 1000. */
  readonly mostAddresses?: number;
  /** Addresses this vendor finds malformed although they look like one. Default: none. */
  readonly alsoMalformed?: (address: string) => boolean;
  /** ADEMAIL-29: what stands between day and time in the list that is read. Default `T`. */
  readonly dateSeparator?: 'T' | ' ';
}

/** Addresses as they were first sent, with the time of that in epoch ms, by their ledger key. */
export interface UnsubscriberBook {
  readonly recorded: Map<string, { readonly address: string; readonly at: number }>;
  /** Keys of the addresses answered as ignored. */
  readonly ignored: Set<string>;
}

/** An address is an address in any letter case, and it is all that such a request says of an event. */
export const addressKey = (address: string): string => address.trim().toLowerCase();

const digest = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i;
const atom = "[\\w!#$%&'*+/=?^`{|}~-]+";
const wellFormed = new RegExp(
  `^(?=.{3,254}$)(?=[^@]{1,64}@)${atom}(?:\\.${atom})*@(?:[\\p{L}\\d](?:[\\p{L}\\p{M}\\d-]{0,61}[\\p{L}\\p{M}\\d])?\\.)+\\p{L}[\\p{L}\\p{M}\\d-]*[\\p{L}\\p{M}\\d]$`,
  'iu',
);

export function unsubscriberOperations(
  account: AdvertisableAccount,
  book: UnsubscriberBook,
  options: AdrollEmailUnsubscriberOptions,
): Operations<'listUnsubscribers' | 'recordUnsubscribers'> {
  const { unsubscribersBody = 'array', mostAddresses = 1000, dateSeparator = 'T', alsoMalformed } = options;
  const ifKnown =
    (operate: (call: Call) => VendorVerdict) =>
    (call: Call): VendorVerdict =>
      call.eid === account.eid ? operate(call) : silentNo(404, 'The advertisable is unknown');

  /** ADEMAIL-20: the malformed are named as they were sent, and do not harm the others (ADEMAIL-22). */
  const record = (addresses: readonly string[], { at, refuses }: Call): VendorVerdict => {
    const isBad = (address: string): boolean =>
      !wellFormed.test(address) || alsoMalformed?.(address) === true || refuses(address);
    const ignored = new Set(addresses.filter(isBad));
    const good = addresses.filter((address) => !ignored.has(address));
    const remember = (): void => {
      for (const address of ignored) book.ignored.add(addressKey(address));
      for (const address of good) {
        const key = addressKey(address);
        if (!book.recorded.has(key)) book.recorded.set(key, { address, at });
      }
    };
    return { ...said({ ignored: [...ignored] }, remember), acceptedIds: good.map(addressKey) };
  };

  return {
    listUnsubscribers: ifKnown(({ query }) => {
      const since = query.get('since');
      const after = since === null ? Number.NEGATIVE_INFINITY : readSeconds(since);
      if (after === undefined) return invalid(400, { name: 'since', error: 'must be written YYYY-MM-DDThh:mm:ss' });
      const listed = [...book.recorded.values()].filter(({ at }) => Math.floor(at / 1000) * 1000 > after);
      return said({
        unsubscribers: listed.map(({ address, at }) => ({
          date: writeSeconds(at).replace('T', dateSeparator),
          email_address: address,
        })),
      });
    }),
    recordUnsubscribers: ifKnown((call) => {
      const { body } = call;
      const list = unsubscribersBody === 'array' ? body : listInside(body);
      if (!Array.isArray(list)) {
        const form = unsubscribersBody === 'array' ? 'a bare array' : 'an object of nothing but the list unsubscribers';
        return invalid(400, { name: 'body', error: `must be ${form}` });
      }
      if (list.length > mostAddresses) return silentNo(413, `${list.length} addresses are more than ${mostAddresses}`);
      const problems = problemsOfList(list);
      return problems.length > 0 ? invalid(400, ...problems) : record(list as string[], call);
    }),
  };
}

const listInside = (body: unknown): unknown =>
  isFields(body) && Object.keys(body).join() === 'unsubscribers' ? body['unsubscribers'] : undefined;

/** What no client should ever put into the list. ADEMAIL-18, ADEMAIL-26. */
function problemsOfList(list: readonly unknown[]): Problem[] {
  if (list.length === 0) return [{ name: 'body', error: 'holds no address' }];
  const seen = new Set<string>();
  return list.flatMap((address, index): Problem[] => {
    const problem = (error: string): Problem[] => [{ name: `[${index}]`, error }];
    if (typeof address !== 'string') return problem('must be a string');
    const key = addressKey(address);
    if (digest.test(key)) return problem('is a digest instead of an address');
    if (seen.has(key)) return problem('is in the list already');
    seen.add(key);
    return [];
  });
}
