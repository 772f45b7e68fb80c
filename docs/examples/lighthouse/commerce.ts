import {
  amountPaths,
  asAmount,
  currencyOf,
  firstOf,
  type CdpEvent,
  type PayloadBuilder,
} from '../../../core/api/index.ts';
import type { Config } from './config.ts';
import type { LighthouseOrder } from './mapping.ts';

const amountOf = firstOf(amountPaths, asAmount);

/** The amount, never without its currency: Lighthouse would read it as dollars. */
export function addAmount(event: CdpEvent, { defaultCurrency }: Config, out: PayloadBuilder<LighthouseOrder>): void {
  const amount = amountOf(event);
  if (amount === undefined) return;
  const currency = currencyOf(event, defaultCurrency);
  if (currency?.value === undefined) return out.drop(amount.path, 'An amount without a currency is not sent', 'amount');
  out.take('amount', amount);
  out.set('currency', currency.value, currency.path);
}
