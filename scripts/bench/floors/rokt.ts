import { hash } from 'node:crypto';
import type { WebOrder } from './web-order.ts';

/** The Rokt body of one line, and of many, written the shortest way there is. */
export const roktBody = ([line]: readonly string[]): string => JSON.stringify(roktBatch(line as string));
export const roktBulkBody = (lines: readonly string[]): string => JSON.stringify(lines.map(roktBatch));

const northAmerican = /^\+1(\d{3})(\d{3})(\d{4})$/;

function roktBatch(line: string): unknown {
  const { messageId, timestamp, context, properties } = JSON.parse(line) as WebOrder;
  const { traits } = context;
  const email = traits.email.trim().toLowerCase();
  let quantity = 0;
  for (const product of properties.products) quantity += product.quantity;
  return {
    environment: 'development',
    user_identities: { email, other: hash('sha256', email, 'hex') },
    events: [
      {
        event_type: 'custom_event',
        data: {
          event_name: 'conversion',
          custom_attributes: {
            amount: properties.total,
            currency: properties.currency,
            paymenttype: properties.payment_method,
            transactionid: properties.order_id,
            conversiontype: 'purchase',
            quantity,
            confirmationref: properties.order_id,
          },
          source_message_id: messageId,
          timestamp_unixtime_ms: Date.parse(timestamp),
        },
      },
    ],
    user_attributes: {
      firstname: traits.firstName,
      lastname: traits.lastName,
      mobile: traits.phone.replace(northAmerican, '+1 ($1) $2-$3'),
      ipaddress: context.ip,
    },
  };
}
