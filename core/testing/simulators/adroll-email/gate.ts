import { invalid, proxyNo, silentNo, unauthorized } from './answer.ts';
import { operations, type Operation, type OperationName } from './route.ts';
import { mediaType, parseJson, saysUtf8, textOf, type ReceivedRequest } from '../received-request.ts';
import type { VendorVerdict } from '../service.ts';

/** What this vendor knows its customer by; a way to log in that is left out is not accepted. */
export interface AdrollEmailCredentials {
  /** The Client ID. Required with HTTP Basic; with a token it may be left out, but not be wrong (ADEMAIL-02). */
  readonly apikey?: string;
  readonly basic?: { readonly username: string; readonly password: string };
  /** For `Authorization: Token`. */
  readonly personalAccessToken?: string;
  /** For `Authorization: Bearer`. */
  readonly accessToken?: string;
}

/** ADEMAIL-02, ADEMAIL-03, ADEMAIL-12, ADEMAIL-13 */
export function judgeCredentials(
  { headers }: ReceivedRequest,
  query: URLSearchParams,
  name: OperationName,
  known: AdrollEmailCredentials,
): VendorVerdict | undefined {
  const refuse = (reason: string): VendorVerdict => unauthorized(name === 'createCampaign', reason);
  const { authorization } = headers;
  const { apikey, basic } = known;
  if (!authorization) return refuse('The Authorization header is missing');
  const key = query.get('apikey');
  if (key === null && authorization.startsWith('Basic ')) {
    return proxyNo(401, 'apiproxy:3', 'Query parameter apikey is required with HTTP Basic');
  }
  if (key !== null && key !== apikey) return proxyNo(401, 'apiproxy:3', 'Query parameter apikey is not valid');
  const accepted = [
    ...(basic === undefined ? [] : [`Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`]),
    ...(known.personalAccessToken === undefined ? [] : [`Token ${known.personalAccessToken}`]),
    ...(known.accessToken === undefined ? [] : [`Bearer ${known.accessToken}`]),
  ];
  return accepted.includes(authorization) ? undefined : refuse('The Authorization header is not valid');
}

/** ADEMAIL-02, and nothing the document does not name. */
export function judgeQuery(
  { headers }: ReceivedRequest,
  query: URLSearchParams,
  name: OperationName,
): VendorVerdict | undefined {
  const { parameter }: Operation = operations[name];
  const names = [...query.keys()];
  const stranger = names.find((each) => each !== 'apikey' && each !== parameter);
  if (stranger !== undefined) return invalid(400, { name: stranger, error: 'is not a known query parameter' });
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (twice !== undefined) return invalid(400, { name: twice, error: 'comes twice' });
  const header = ['apikey', 'x-api-key'].find((each) => headers[each] !== undefined);
  return header === undefined ? undefined : invalid(400, { name: header, error: 'belongs into the query' });
}

/** The JSON of a body, `undefined` where the operation has none, or the refusal. ADEMAIL-14, ADEMAIL-43. */
export function readBody(
  request: ReceivedRequest,
  name: OperationName,
  mostBytes: number,
): { readonly body: unknown } | { readonly refusal: VendorVerdict } {
  const { headers, bytes, method } = request;
  const wrong = (error: string): { refusal: VendorVerdict } => ({ refusal: invalid(400, { name: 'body', error }) });
  if (operations[name].body === 'none') {
    if (bytes > 0) return wrong('is not expected');
    if (method === 'GET' && headers['content-type'] !== undefined) return wrong('is announced, and there is none');
    return { body: undefined };
  }
  if (mediaType(request) !== 'application/json' || !saysUtf8(request)) {
    return { refusal: silentNo(415, 'Content-Type must be application/json in UTF-8') };
  }
  if (headers['content-encoding'] !== undefined) {
    return { refusal: silentNo(415, 'No Content-Encoding is documented') };
  }
  if (bytes > mostBytes) return { refusal: silentNo(413, `${bytes} bytes are more than ${mostBytes}`) };
  const sent = textOf(request.body);
  const body = sent === undefined ? undefined : parseJson(sent);
  return body === undefined ? wrong('is not JSON in UTF-8') : { body };
}
