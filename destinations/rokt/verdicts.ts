import { accept, decide, type Batch, type Delivery, type RetryDecision } from '../../core/api/index.ts';
import { attributeNamedBy, itemNamedBy } from './errors.ts';
import type { RoktBatch } from './mapping.ts';

/**
 * One decision per item from the errors of a 202 or 400. A named item is refused. After a 202 the others are accepted
 * if every error names its item; otherwise the unnamed items are sent once more, alone (ROKT-62, ROKT-63), and whatever
 * the result, Rokt may have them from the 202.
 */
export function verdicts(
  messages: readonly string[],
  batch: Batch<RoktBatch>,
  sent: string,
  status: 202 | 400,
): readonly RetryDecision[] {
  const refused = new Map<number, RetryDecision>();
  let everyErrorNamesItsItem = true;
  for (const message of messages) {
    // The errors of a lone item can only be its own.
    const index = batch.items.length === 1 ? 0 : itemNamedBy(message, batch, sent);
    const item = index === undefined ? undefined : batch.items[index];
    if (index === undefined || item === undefined) everyErrorNamesItsItem = false;
    else if (!refused.has(index)) refused.set(index, refusal(message, item.payload, status));
  }
  const otherwise = (item: Delivery<RoktBatch>): RetryDecision => {
    if (status === 400) return alone(status);
    return everyErrorNamesItsItem ? accept() : perhapsIn(item.payload, status);
  };
  return batch.items.map((item, index) => refused.get(index) ?? otherwise(item));
}

function refusal(message: string, payload: RoktBatch, status: number): RetryDecision {
  const name = attributeNamedBy(message, payload);
  const because = name === undefined ? '' : ` because of "${name}"`;
  return decide('reject', 'vendor_rejected', `Rokt refused the conversion${because}`, { status });
}

/** Rokt may have it already, so it is sent again only if Rokt recognises duplicates (ROKT-34). */
const perhapsIn = ({ events: [{ data }] }: RoktBatch, status: number): RetryDecision =>
  data.custom_attributes.confirmationref === undefined
    ? decide('ambiguous', 'ambiguous_delivery', unnamed, { status })
    : decide('isolate', 'vendor_rejected', unnamed, { status, ambiguous: true });

const alone = (status: number): RetryDecision => decide('isolate', 'vendor_rejected', unnamed, { status });

const unnamed = 'Rokt refused a part of the request without saying which';
