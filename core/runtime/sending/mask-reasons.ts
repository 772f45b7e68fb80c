import { isHouse } from '../../api/answers/house-table.ts';
import type { RetryDecision } from '../../api/decision.ts';
import type { Reply } from '../../api/destination.ts';
import type { HttpResponse } from '../../api/failure.ts';
import type { Reason } from '../../api/outcome.ts';
import type { MessageMasker } from '../../http/masking/message-masker.ts';
import { yieldToEventLoop } from '../../policy/clock.ts';
import type { ConnectionContext } from '../connection-context.ts';

const finalRefusals: ReadonlySet<RetryDecision['kind']> = new Set(['reject', 'suspend', 'split', 'isolate']);

/** The payloads of one request. */
interface SentPayloads {
  readonly items: readonly { readonly payload: unknown }[];
}

/** The vendor's words about a batch are masked against all of its payloads, which are indexed once. */
const maskers = new WeakMap<SentPayloads, MessageMasker>();

function maskerFor(context: ConnectionContext, batch: SentPayloads): MessageMasker {
  let masker = maskers.get(batch);
  if (masker === undefined) {
    masker = context.redactor.about(batch.items.map(({ payload }) => payload));
    maskers.set(batch, masker);
  }
  return masker;
}

/**
 * Masks a decision: every text that a folder put into it is masked, and the vendor's own words (`vendorMessage`) become
 * the reason's detail. If a folder gives none, the body explains a final refusal, provided that it is about all of the
 * batch (`aboutAll`): a body about several single events would tell each about the others.
 */
export function maskedDecision(
  context: ConnectionContext,
  decision: RetryDecision,
  {
    batch,
    response,
    aboutAll,
  }: { readonly batch: SentPayloads; readonly response: HttpResponse | undefined; readonly aboutAll: boolean },
): RetryDecision {
  if (decision.kind === 'accept') {
    const { note } = decision;
    if (note === undefined) return decision;
    return { kind: 'accept', note: maskerFor(context, batch).sentence(String(note), response?.body) };
  }
  const { reason } = decision;
  const body = aboutAll && finalRefusals.has(decision.kind) ? response?.body : undefined;
  const vendorText = decision.vendorMessage ?? reason.detail ?? body;
  if (vendorText === undefined && isHouse(reason)) return decision;
  const { vendorMessage: _said, ...rest } = decision;
  return { ...rest, reason: shownReason(maskerFor(context, batch), reason, vendorText, response) };
}

/** Copies only the known properties of a folder's reason. */
function shownReason(
  masker: MessageMasker,
  reason: Reason,
  vendorText: unknown,
  response: HttpResponse | undefined,
): Reason {
  const { code, message, field, status } = reason;
  const house = isHouse(reason);
  const legible = typeof vendorText === 'string' && isLegible(response);
  const detail = legible ? masker.detail(vendorText, response?.cut === true) : undefined;
  return {
    code,
    message: house ? message : masker.sentence(message, response?.body),
    ...(field === undefined ? {} : { field: masker.sentence(String(field), response?.body) }),
    ...(status === undefined ? {} : { status: Number(status) }),
    ...(detail === undefined ? {} : { detail }),
  };
}

const charset = /charset\s*=\s*["']?([^\s"';,]+)/i;
const readable = /^(?:utf-?8|us-ascii|ascii)$/i;

/** Masking recognizes values only in UTF-8. */
function isLegible(response: HttpResponse | undefined): boolean {
  const charsetName = charset.exec(response?.headers['content-type'] ?? '')?.[1];
  return charsetName === undefined || readable.test(charsetName);
}

/** So many payloads or texts are masked before others get their turn: some milliseconds of work. */
export const inOneGo = 50;

/**
 * Masks a reply about many payloads bit by bit, so that others get their turn meanwhile: a thousand texts about a
 * thousand payloads take a while. `undefined` if there are so few texts (`inOneGo`) that each decision masks its own.
 * Never rejects.
 */
export function maskInTurns(
  context: ConnectionContext,
  batch: SentPayloads,
  reply: Reply,
  response: HttpResponse | undefined,
): Promise<void> | undefined {
  const texts = textsIn(reply);
  if (texts.length <= inOneGo || !isLegible(response)) return undefined;
  return maskTexts(maskerFor(context, batch), texts, response?.cut === true);
}

async function maskTexts(masker: MessageMasker, texts: readonly string[], cut: boolean): Promise<void> {
  while (masker.indexNext(inOneGo)) await yieldToEventLoop();
  for (let i = 0; i < texts.length; i++) {
    if (i % inOneGo === 0) await yieldToEventLoop();
    masker.detail(texts[i] as string, cut);
  }
}

/** The different texts in a folder's decisions. */
function textsIn(reply: Reply): readonly string[] {
  if (reply?.kind !== 'settled' || !Array.isArray(reply.decisions)) return [];
  const texts = new Set<string>();
  for (const decision of reply.decisions as readonly (RetryDecision | undefined)[]) {
    if (decision === undefined || decision === null || decision.kind === 'accept') continue;
    const vendorText = decision.vendorMessage ?? decision.reason?.detail;
    if (typeof vendorText === 'string') texts.add(vendorText);
  }
  return [...texts];
}
