import {
  asCurrency,
  asDecimal,
  asText,
  ownValue,
  reject,
  type JsonObject,
  type JsonValue,
  type Note,
  type Trace,
} from '../../core/api/index.ts';
import type { Config } from './config.ts';

/** Both or neither: Adjust reads one only beside the other (ADJUST-41). */
export type Sale =
  | { readonly kind: 'sale'; readonly revenue: string; readonly currency: string }
  | { readonly kind: 'none' }
  | ReturnType<typeof reject>;

/** Full currency units: 149.99 is $149.99 (ADJUST-37 to ADJUST-39). */
const least = 0.001;
const most = 100_000_000_000;

const none: Sale = { kind: 'none' };

/** The revenue of an event: `revenue`, else `total`, else `value`. An amount that is left out gets a note. */
export function saleOf(properties: JsonObject, config: Config, notes: Note[], trace?: Trace): Sale {
  const source = amountSource(properties, config);
  if (source === undefined) return none;
  const field = `properties.${source}`;
  const revenue = asDecimal(ownValue(properties, source) ?? null);
  const amount = Number(revenue ?? Number.NaN);
  if (amount === 0) return none;
  if (amount > most) return reject('invalid_value', 'Adjust takes revenue up to 100,000,000,000', field);
  if (revenue === undefined || !(amount >= least)) return unusable(field, config, notes);

  const written = ownValue(properties, 'currency') ?? null;
  const stated = isStated(written);
  const currency = stated ? asCurrency(written) : config.defaultCurrency;
  if (currency === undefined) {
    return stated
      ? reject('invalid_value', 'The currency is not a three-letter code', 'properties.currency')
      : reject('missing_field', 'Revenue needs a currency', 'properties.currency');
  }
  trace?.from('revenue', field);
  trace?.from('currency', stated ? 'properties.currency' : 'config.defaultCurrency');
  return { kind: 'sale', revenue, currency };
}

/** `revenue` always means money. `total` and `value` mean it only as numbers, and only where a currency is known. */
function amountSource(properties: JsonObject, config: Config): string | undefined {
  if (isStated(ownValue(properties, 'revenue'))) return 'revenue';
  if (config.defaultCurrency === undefined && asText(ownValue(properties, 'currency') ?? '') === undefined)
    return undefined;
  return ['total', 'value'].find((name) => asDecimal(ownValue(properties, name) ?? null) !== undefined);
}

/** Blank counts as absent; an object or a list counts as stated, and unusable. */
const isStated = (value: JsonValue | undefined): boolean =>
  value !== undefined && value !== null && !(typeof value === 'string' && value.trim() === '');

function unusable(field: string, { unusableRevenue }: Config, notes: Note[]): Sale {
  const message = 'Adjust takes revenue from 0.001 upwards, written as a plain number';
  if (unusableRevenue === 'reject') return reject('invalid_value', message, field);
  notes.push({ code: 'dropped', field, message });
  return none;
}
