import { asCurrency, propertiesOf, reader, type CdpEvent, type Note, type Trace } from '../../core/api/index.ts';
import { attributesOf, isAbsent } from './commerce.ts';
import type { Config } from './config.ts';
import { readValue, valuePaths, type AdRollEvent, type EventName } from './mapping.ts';
import { add, badCurrency, badValue, noCurrency, noValue } from './notes.ts';

/** What was paid, in which currency, and the products, whose prices must be in the same one (ADROLL-49). */
export function addMoney(
  made: AdRollEvent,
  event: CdpEvent,
  name: EventName,
  config: Config,
  notes: Note[],
  trace: Trace | undefined,
): void {
  const given = propertiesOf(event)['currency'];
  const currency = isAbsent(given) ? config.defaultCurrency : asCurrency(given);
  const attributes = attributesOf(event, name, { currency, notes }, trace);
  if (attributes !== undefined) made.event_attributes = attributes;
  if (name === 'purchase') addValue(made, event, notes, trace);

  const amounts = made.conversion_value !== undefined || attributes?.products?.some(({ price }) => price !== undefined);
  if (amounts !== true && !listsCurrency.has(name)) return;
  if (currency !== undefined) {
    made.currency = currency;
    trace?.from('currency', isAbsent(given) ? 'config.defaultCurrency' : 'properties.currency');
  } else if (!isAbsent(given)) add(notes, badCurrency);
  else if (amounts === true) add(notes, noCurrency);
}

/** Events that may name a currency without an amount (ADROLL-55, ADROLL-56). */
const listsCurrency: ReadonlySet<EventName> = new Set(['addToCart', 'purchase']);

const valuesOf = valuePaths.map((path) => reader(path));

function addValue(made: AdRollEvent, event: CdpEvent, notes: Note[], trace: Trace | undefined): void {
  const { conversion_value } = readValue(event, trace);
  if (conversion_value !== undefined) made.conversion_value = conversion_value;
  else add(notes, valuesOf.every((valueOf) => isAbsent(valueOf(event))) ? noValue : badValue);
}
