import { skip, type CdpEvent, type Unsent } from '../../core/api/index.ts';
import type { Prepared } from './settings.ts';

/** The type of the conversion, or why the event is none: only those that a connection names are (ROKT-24). */
export const eligibilityOf = (event: CdpEvent, { conversionOf }: Prepared): string | Unsent =>
  conversionOf(event) ?? notAConversion;

const notAConversion = skip(
  'unmapped_event',
  'None of the conversions that are set (conversions) has the name of this event',
  'event',
);
