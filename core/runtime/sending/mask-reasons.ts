import { isHouse } from '../../api/classify.ts';
import type { RetryDecision } from '../../api/decision.ts';
import type { Reply } from '../../api/destination.ts';
import type { HttpResponse } from '../../api/failure.ts';
import type { Reason } from '../../api/outcome.ts';
import type { MessageMasker } from '../../http/masking/message-masker.ts';
import { yieldToEventLoop } from '../../policy/clock.ts';
import type { ConnectionContext } from '../connection-context.ts';

const finalNo: ReadonlySet<RetryDecision['kind']> = new Set(['reject', 'suspend', 'split', 'isolate']);

/** What was sent in one request. */
interface SentPayloads {
  readonly items: readonly { readonly payload: unknown }[];
}

/** What was said about each batch is masked against all of its payloads, which are looked through once. */
const wordsByBatch = new WeakMap<SentPayloads, MessageMasker>();

function wordsAbout(context: ConnectionContext, batch: SentPayloads): MessageMasker {
  let words = wordsByBatch.get(batch);
  if (words === undefined) {
    words = context.redactor.about(batch.items.map(({ payload }) => payload));
    wordsByBatch.set(batch, words);
  }
  return words;
}

/**
 * The decision in words that may be shown: every text that a folder put into it is masked, and the vendor's own words become the
 * reason's detail. Those are `said`; where a folder hands over none, a final no is explained by the body, if that is about all
 * of the batch (`aboutAll`): said of several events one by one, it would tell each about the others.
 */
export function maskedDecision(
  context: ConnectionContext,
  decision: RetryDecision,
  {
    batch,
    heard,
    aboutAll,
  }: { readonly batch: SentPayloads; readonly heard: HttpResponse | undefined; readonly aboutAll: boolean },
): RetryDecision {
  if (decision.kind === 'accept') {
    const { note } = decision;
    if (note === undefined) return decision;
    return { kind: 'accept', note: wordsAbout(context, batch).sentence(String(note), heard?.body) };
  }
  const { reason } = decision;
  const body = aboutAll && finalNo.has(decision.kind) ? heard?.body : undefined;
  const said = decision.vendorMessage ?? reason.detail ?? body;
  if (said === undefined && isHouse(reason)) return decision;
  const { vendorMessage: _said, ...rest } = decision;
  return { ...rest, reason: shownReason(wordsAbout(context, batch), reason, said, heard) };
}

/** Nothing of a folder's reason but what a reason has. */
function shownReason(words: MessageMasker, reason: Reason, said: unknown, heard: HttpResponse | undefined): Reason {
  const { code, message, field, status } = reason;
  const house = isHouse(reason);
  const legible = typeof said === 'string' && isLegible(heard);
  const detail = legible ? words.detail(said, heard?.cut === true) : undefined;
  return {
    code,
    message: house ? message : words.sentence(message, heard?.body),
    ...(field === undefined ? {} : { field: words.sentence(String(field), heard?.body) }),
    ...(status === undefined ? {} : { status: Number(status) }),
    ...(detail === undefined ? {} : { detail }),
  };
}

const charset = /charset\s*=\s*["']?([^\s"';,]+)/i;
const readable = /^(?:utf-?8|us-ascii|ascii)$/i;

/** Masking knows how values look in UTF-8. */
function isLegible(heard: HttpResponse | undefined): boolean {
  const named = charset.exec(heard?.headers['content-type'] ?? '')?.[1];
  return named === undefined || readable.test(named);
}

/** Payloads and texts that are looked at without giving others their turn: some milliseconds' worth. */
export const inOneGo = 50;

/**
 * Masks what a reply says of many payloads bit by bit, so that others have their turn meanwhile: a thousand texts about a thousand
 * payloads take a while. `undefined` where there is so little (`inOneGo`) that each decision masks its own. Never rejects.
 */
export function maskInTurns(
  context: ConnectionContext,
  batch: SentPayloads,
  reply: Reply,
  response: HttpResponse | undefined,
): Promise<void> | undefined {
  const texts = textsIn(reply);
  if (texts.length <= inOneGo || !isLegible(response)) return undefined;
  return lookThrough(wordsAbout(context, batch), texts, response?.cut === true);
}

async function lookThrough(words: MessageMasker, texts: readonly string[], cut: boolean): Promise<void> {
  while (words.indexNext(inOneGo)) await yieldToEventLoop();
  for (let i = 0; i < texts.length; i++) {
    if (i % inOneGo === 0) await yieldToEventLoop();
    words.detail(texts[i] as string, cut);
  }
}

/** The different texts that a folder handed over. */
function textsIn(reply: Reply): readonly string[] {
  if (reply?.kind !== 'settled' || !Array.isArray(reply.decisions)) return [];
  const texts = new Set<string>();
  for (const decision of reply.decisions as readonly (RetryDecision | undefined)[]) {
    if (decision === undefined || decision === null || decision.kind === 'accept') continue;
    const said = decision.vendorMessage ?? decision.reason?.detail;
    if (typeof said === 'string') texts.add(said);
  }
  return [...texts];
}
