import { hash } from 'node:crypto';
import type { WebOrder } from './web-order.ts';

/** The AdRoll request body of some lines, written the shortest way there is. */
export const adrollBody = (lines: readonly string[]): string => JSON.stringify(lines.map(adrollEvent));

function adrollEvent(line: string): unknown {
  const { userId, timestamp, integrations, context, properties } = JSON.parse(line) as WebOrder;
  const email = context.traits.email.trim().toLowerCase();
  return {
    advertisable_eid: 'ADVERTISABLE0000000001',
    pixel_eid: 'PIXEL00000000000000001',
    event_name: 'purchase',
    identifiers: {
      email_sha256: hash('sha256', email, 'hex'),
      email_md5: hash('md5', email, 'hex'),
      first_party_cookie: integrations.AdRoll?.first_party_cookie ?? context.adroll?.firstPartyCookie,
      user_id: userId,
    },
    page_location: context.page.url,
    ip: context.ip,
    timestamp: Date.parse(timestamp) / 1000,
    user_agent: context.userAgent,
    event_attributes: {
      order_id: properties.order_id,
      products: properties.products.map(({ product_id, price, quantity, category }) => ({
        product_id,
        price: String(price),
        quantity,
        category,
      })),
    },
    conversion_value: String(properties.total),
    currency: properties.currency,
  };
}
