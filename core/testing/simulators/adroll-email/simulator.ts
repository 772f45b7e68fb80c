import {
  accountOperations,
  type AdrollEmailMessage,
  type AdrollEmailSettings,
  type AdvertisableAccount,
  type Operations,
} from './account.ts';
import { proxyNo, silentNo } from './answer.ts';
import { campaignOperations, type AdrollEmailCampaign, type CampaignBook } from './campaigns.ts';
import { judgeCredentials, judgeQuery, readBody, type AdrollEmailCredentials } from './gate.ts';
import { routeOf, withdrawable, type OperationName } from './route.ts';
import { unsubscriberOperations, type AdrollEmailUnsubscriberOptions, type UnsubscriberBook } from './unsubscribers.ts';
import { json } from '../answer.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../server.ts';
import type { SimulatedVendor } from '../service.ts';

export interface AdrollEmailOptions extends SimulatorOptions, AdrollEmailCredentials, AdrollEmailUnsubscriberOptions {
  /** The one advertisable this vendor knows. */
  readonly advertisableEid: string;
  /** What is set at the start. Default: the United States, and no sender. */
  readonly settings?: Partial<AdrollEmailSettings>;
  /** Default true. */
  readonly termsAccepted?: boolean;
  /** Default: one alert about the pixel. */
  readonly messages?: readonly AdrollEmailMessage[];
  /** ADEMAIL-56: the sources whose campaigns may be updated. Default: any. */
  readonly updatableSources?: readonly string[];
  /** ADEMAIL-15: authorised requests of a UTC day beyond which there are only 429s. Default: no quota. */
  readonly requestsPerDay?: number;
  /** ADEMAIL-64: the operations newer references lack are gone. Default false. */
  readonly withdrawn?: boolean;
  /** ADEMAIL-19: bytes of a body. Default 500,000. */
  readonly mostBytes?: number;
}

/** The ledger's ids are addresses in lower case: of an event this vendor is told nothing else. */
export interface AdrollEmailSimulator extends Simulator {
  /** Ledger keys of the addresses that were answered as ignored. */
  ignored(): ReadonlySet<string>;
  /** In order of creation. */
  campaigns(): readonly AdrollEmailCampaign[];
  /** False once the advertisable has opted out. */
  termsAccepted(): boolean;
}

/** AdRoll Email (SendRoll) v1: all fourteen operations of the document, for one advertisable. */
export async function startAdrollEmail(options: AdrollEmailOptions): Promise<AdrollEmailSimulator> {
  const account: AdvertisableAccount = {
    eid: options.advertisableEid,
    settings: { country: 'US', footer_postal_address: '', sender_address: '', sender_name: '', ...options.settings },
    termsAccepted: options.termsAccepted ?? true,
    messages: options.messages ?? [{ created_date: '2026-01-02T03:04:05', type: 'email_pixel', viewed: true }],
  };
  const book: UnsubscriberBook = { recorded: new Map(), ignored: new Set() };
  const campaigns: CampaignBook = new Map();
  const operate: Operations<OperationName> = {
    ...accountOperations(account),
    ...unsubscriberOperations(account, book, options),
    ...campaignOperations(account, campaigns, options.updatableSources),
  };
  const overQuota = openDailyQuota(options.requestsPerDay);
  const mostBytes = options.mostBytes ?? 500_000;

  const judge: SimulatedVendor['judge'] = (request, refuses) => {
    const { method, path, at } = request;
    const route = routeOf(method, path);
    const gone = typeof route === 'object' && options.withdrawn === true && withdrawable.has(route.name);
    if (route === 'nothing' || gone) return proxyNo(404, 'apiproxy:11', `There is nothing at ${path}`);
    if (route === 'other-method') return silentNo(405, `${method} is not allowed`);
    const query = new URLSearchParams(request.query);
    const stopped = judgeCredentials(request, query, route.name, options);
    if (stopped !== undefined) return stopped;
    if (overQuota(at)) return silentNo(429, 'The requests of this day are used up');
    const misled = judgeQuery(request, query, route.name);
    if (misled !== undefined) return misled;
    const read = readBody(request, route.name, mostBytes);
    if ('refusal' in read) return read.refusal;
    return operate[route.name]({ eid: route.eid, query, body: read.body, at, refuses });
  };

  const errorInside = json(200, { success: false });
  const simulator = await startSimulator({ judge, keepBytes: mostBytes, successStatus: 200, errorInside }, options);
  return {
    ...simulator,
    ignored: () => book.ignored,
    campaigns: () => [...campaigns.values()],
    termsAccepted: () => account.termsAccepted,
  };
}

/** Counts a request and says whether it is one too many for its day. */
function openDailyQuota(perDay = Number.POSITIVE_INFINITY): (at: number) => boolean {
  let day = Number.NaN;
  let used = 0;
  return (at) => {
    const today = Math.floor(at / 86_400_000);
    if (today !== day) [day, used] = [today, 0];
    used += 1;
    return used > perDay;
  };
}
