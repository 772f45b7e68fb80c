import { request as undiciRequest } from 'undici';
import { checkedOrigin } from '../../../http/target.ts';
import { errnoOf, exitCode, CliError, usage } from '../exit-codes.ts';

export interface VendorRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

export interface VendorResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const answerWithinMs = 30_000;
/** More than any answer a case should hold. */
const mostBytes = 262_144;

/**
 * Sends one request and follows no redirect. Throws when the URL is not https (or http on loopback), or when no whole
 * response comes; the error quotes neither.
 */
export async function sendRequest({ method, url, headers, body }: VendorRequest): Promise<VendorResponse> {
  mustBeSafe(url);
  try {
    const signal = AbortSignal.timeout(answerWithinMs);
    const response = await undiciRequest(url, { method, headers, body: body ?? null, signal });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > mostBytes) throw new CliError(exitCode.undelivered, `the answer is longer than ${mostBytes} bytes`);
      chunks.push(chunk);
    }
    const named = Object.entries(response.headers).map(([name, value]) => [
      name.toLowerCase(),
      [value].flat().join(', '),
    ]);
    return {
      status: response.statusCode,
      headers: Object.fromEntries(named),
      body: Buffer.concat(chunks).toString('utf8'),
    };
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(exitCode.undelivered, `no answer came (${errnoOf(error)}); nothing was written`);
  }
}

function mustBeSafe(url: string): void {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw usage('--url is not a URL');
  }
  if (parsed.username !== '' || parsed.password !== '') throw usage('--url must not carry credentials: give a header');
  try {
    checkedOrigin(parsed.origin);
  } catch {
    throw usage('--url must be https, or http on a loopback address');
  }
}
