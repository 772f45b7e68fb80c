import {
  amountPaths,
  asAmount,
  currencyOf,
  firstOf,
  type CdpEvent,
  type PayloadBuilder,
} from '../../../../api/index.ts';
import type { Config } from './config.ts';
import type { VendorEvent } from './mapping.ts';

const amountOf = firstOf(amountPaths, asAmount);

/** The amount, never without its currency: the vendor would read it in its own. */
export function addAmount(event: CdpEvent, config: Config, out: PayloadBuilder<VendorEvent>): void {
  const amount = amountOf(event);
  if (amount === undefined) return;
  const currency = currencyOf(event, config.defaultCurrency);
  if (currency?.value === undefined) return out.drop(amount.path, 'An amount without a currency is not sent', 'amount');
  out.take('amount', amount);
  out.set('currency', currency.value, currency.path);
}
