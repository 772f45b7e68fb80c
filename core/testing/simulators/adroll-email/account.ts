import { invalid, problemsOf, said, silentNo, success } from './answer.ts';
import type { OperationName } from './route.ts';
import { email, isFields, matching, text } from '../field-checks.ts';
import type { RefusesItem } from '../item-refusals.ts';
import type { VendorVerdict } from '../service.ts';

/** A request to an operation, read as far as all operations have it in common. */
export interface Call {
  /** Of the advertisable or the campaign. */
  readonly eid: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; `undefined` where the operation has no body. */
  readonly body: unknown;
  /** Epoch ms. */
  readonly at: number;
  /** What the vendor will not have, although it is right. */
  readonly refuses: RefusesItem;
}

export type Operations<Names extends OperationName> = Readonly<Record<Names, (call: Call) => VendorVerdict>>;

/** ADEMAIL-51; '' is what nobody has set. */
export interface AdrollEmailSettings {
  readonly country: string;
  readonly footer_postal_address: string;
  readonly sender_address: string;
  readonly sender_name: string;
}

/** ADEMAIL-44, ADEMAIL-45 */
export interface AdrollEmailMessage {
  /** ISO 8601. */
  readonly created_date: string;
  readonly type: string;
  readonly viewed: boolean;
}

/** What the vendor knows of the one advertisable it has. */
export interface AdvertisableAccount {
  readonly eid: string;
  readonly messages: readonly AdrollEmailMessage[];
  settings: AdrollEmailSettings;
  /** False once it has opted out, or where it never opted in. */
  termsAccepted: boolean;
}

export const senderChecks = { footer_postal_address: text, sender_address: email, sender_name: text } as const;

/** The document leaves open how long a country's code is (ADEMAIL-52). */
const settingsChecks = { country: matching(/^[A-Z]{2,3}$/, 'an upper-case ISO 3166 code') } as const;

/** The operations on the advertisable itself: all but those on campaigns and unsubscribers. */
export function accountOperations(
  account: AdvertisableAccount,
): Operations<
  'readMessages' | 'postMessages' | 'optOut' | 'updateSender' | 'readSettings' | 'updateSettings' | 'readActivation'
> {
  /** ADEMAIL-42, ADEMAIL-43, ADEMAIL-50, ADEMAIL-62: a 401 is all these can say to a wrong advertisable. */
  const forOwner =
    (operate: (call: Call) => VendorVerdict) =>
    (call: Call): VendorVerdict =>
      call.eid === account.eid ? operate(call) : silentNo(401, 'This user has no such advertisable');
  /** ADEMAIL-51, ADEMAIL-53 */
  const ifKnown =
    (operate: (call: Call) => VendorVerdict) =>
    (call: Call): VendorVerdict =>
      call.eid === account.eid ? operate(call) : silentNo(404, 'The advertisable is unknown');

  const change = (body: unknown, checks: typeof senderChecks | typeof settingsChecks): VendorVerdict => {
    if (!isFields(body)) return invalid(400, { name: 'body', error: 'must be an object' });
    if (Object.keys(body).length === 0) return invalid(400, { name: 'body', error: 'changes nothing' });
    const problems = problemsOf(body, checks, []);
    if (problems.length > 0) return invalid(400, ...problems);
    return success(() => void (account.settings = { ...account.settings, ...body }));
  };
  const messages = forOwner(() => said({ results: account.messages }));

  return {
    readMessages: messages,
    postMessages: messages,
    optOut: forOwner(({ query }) =>
      query.get('agent')?.trim()
        ? success(() => void (account.termsAccepted = false))
        : invalid(400, { name: 'agent', error: 'is required' }),
    ),
    updateSender: forOwner(({ body }) => change(body, senderChecks)),
    readSettings: ifKnown(() => said(account.settings)),
    updateSettings: ifKnown(({ body }) => change(body, settingsChecks)),
    readActivation: forOwner(() => said({ terms_accepted: account.termsAccepted })),
  };
}
