import {
  accept,
  decide,
  errorTable,
  isObject,
  jsonValue,
  usualRefusal,
  verdictsByIndex,
  verdictsByPosition,
  type Batch,
  type Exchange,
  type JsonObject,
  type JsonValue,
  type ResponseHandler,
  type RetryDecision,
} from '../../../../core/api/index.ts';
import type { Sale } from './mapping.ts';

export const refusal = (message: unknown): RetryDecision =>
  decide('reject', 'vendor_rejected', 'Kites refuses the sale', {
    vendorMessage: typeof message === 'string' ? message : '',
  });

/** A refused request takes nothing: the sales that it does not name are sent again. */
const again = decide('resend', 'vendor_rejected', 'Another sale of the request was refused');

export const entriesOf = (body: string, name: string): readonly JsonObject[] | undefined => {
  const answer = jsonValue(body);
  const list: JsonValue | undefined = isObject(answer) ? answer[name] : undefined;
  return Array.isArray(list) && list.every(isObject) ? (list as readonly JsonObject[]) : undefined;
};

/** A 200 has a result for each sale, in order; a 422 names those that are refused by their index. */
export function readReply({ response: { status, body } }: Exchange, batch: Batch<Sale>) {
  if (status === 200) {
    const answer = jsonValue(body);
    const list = entriesOf(body, 'results');
    if (!isObject(answer) || list === undefined) return undefined;
    const { results: _, ...rest } = answer;
    const whole = rest['received'] === batch.items.length && usualRefusal(rest) === undefined;
    return whole ? verdictsByPosition(batch, list, readResult) : undefined;
  }
  if (status !== 422) return undefined;
  const refused = entriesOf(body, 'refused');
  if (refused === undefined || refused.length === 0) return undefined;
  return verdictsByIndex(
    batch,
    refused.map(({ index, message }) => [typeof index === 'number' ? index : undefined, refusal(message)]),
    again,
  );
}

export function readResult({ sale, ok, message }: JsonObject, { key }: { readonly key?: string | undefined }) {
  if (sale !== key) return undefined;
  return ok === true ? accept() : refusal(message);
}

export const response: ResponseHandler<Sale> = { ...errorTable(), readReply };
