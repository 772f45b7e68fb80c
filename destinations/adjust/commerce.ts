import {
  asDecimal,
  currencyOf,
  firstOf,
  reject,
  type CdpEvent,
  type Found,
  type PayloadBuilder,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { AdjustEvent } from './mapping.ts';

/** Full currency units: 149.99 is $149.99 (ADJUST-37 to ADJUST-39). */
const least = 0.001;
const most = 100_000_000_000;

/**
 * `revenue` always means money. `total` and `value` mean it only as numbers, and only where the event, its products or
 * the setting name a currency.
 */
const revenueOf = firstOf(['properties.revenue']);
const amountOf = firstOf(['properties.total', 'properties.value'], asDecimal);

/**
 * Revenue and currency, both or neither: Adjust reads one only beside the other (ADJUST-41). Revenue without a usable
 * currency is unusable revenue, and no currency is assumed for it (ADJUST-40).
 */
export function addRevenue(out: PayloadBuilder<AdjustEvent>, event: CdpEvent, config: Config): void {
  const { defaultCurrency, unusableRevenue } = config;
  const currency = currencyOf(event, defaultCurrency);
  const written = revenueOf(event) ?? (currency && amountOf(event));
  if (written === undefined) return;
  const { path } = written;
  const revenue = asDecimal(written.value);
  const amount = Number(revenue ?? Number.NaN);
  if (amount === 0) return;
  if (amount > most) return out.refuse(reject('invalid_value', 'Adjust takes revenue up to 100,000,000,000', path));
  const refusal = !(amount >= least) ? reject('invalid_value', noRevenue, path) : refusalOf(currency);
  if (refusal === undefined) {
    out.set('revenue', revenue, path);
    out.take('currency', currency as Found<string>);
  } else if (unusableRevenue === 'reject') out.refuse(refusal);
  else out.drop(refusal.reason.field ?? path, refusal.reason.message, 'revenue');
}

const refusalOf = (currency: Found<string | undefined> | undefined): Rejection | undefined =>
  currency === undefined ? noCurrency : currency.value === undefined ? badCurrency : undefined;

type Rejection = ReturnType<typeof reject>;

const noRevenue = 'Adjust takes revenue from 0.001 upwards, written as a plain number';
const noCurrency = reject('missing_field', 'Revenue needs a currency', 'properties.currency');
const badCurrency = reject('invalid_value', 'The currency is not a three-letter code', 'properties.currency');
