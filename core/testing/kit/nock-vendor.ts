import type { LoadedCase } from './case.ts';
import type { CaseVendor } from '../checks/case-checks.ts';
import { NodeHttpDispatcher } from './node-http-dispatcher.ts';
import { encoded, faultError, type ScriptedReply } from './vendor-double.ts';

/**
 * A case's vendor, played by nock: each reply answers one request, in order, whatever its URL; the case compares the
 * requests. nock refuses requests beyond the replies. A request that the case does not state must be a POST.
 */
export async function nockVendor(
  { replies, requests }: LoadedCase,
  answerTo: (position: number) => ScriptedReply | undefined,
): Promise<CaseVendor> {
  const { default: nock } = await import('nock');
  nock.disableNetConnect();
  nock.enableNetConnect(/^(?:localhost|127\.0\.0\.1|\[?::1\]?)(?::\d+)?$/);
  for (const [position, reply] of replies.entries()) {
    const request = requests?.[position];
    const origin = request === undefined ? /^https:\/\// : new URL(request.url).origin;
    const interceptor = nock(origin).intercept(() => true, request?.method ?? 'POST');
    if ('fault' in reply) interceptor.replyWithError(faultError(reply.fault));
    else {
      interceptor.reply(() => {
        const answer = answerTo(position) ?? reply;
        if ('fault' in answer) throw faultError(answer.fault);
        const { text, type } = encoded(answer.body);
        const headers = { 'content-length': String(Buffer.byteLength(text)), ...type, ...answer.headers };
        return [answer.status, text, headers];
      });
    }
  }
  return { dispatcher: new NodeHttpDispatcher(), finish: () => nock.cleanAll() };
}
