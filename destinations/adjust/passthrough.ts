import { flatTexts, propertySelector, type PropertySelector } from '../../core/api/index.ts';
import type { Config } from './config.ts';

const vendor = 'Adjust';

/**
 * Compiles the choice of properties for a form field: dotted names, lists as JSON in one string (ADJUST-45, ADJUST-46).
 * Revenue and currency are fields of their own (ADJUST-48); "all" does not repeat them.
 */
export const parameterSelector = (
  field: 'callback_params' | 'partner_params',
  selection: Config['callbackParams'],
): PropertySelector =>
  propertySelector(selection, {
    vendor,
    as: flatTexts({ vendor, depth: 8, tooDeep: `Too deep for ${field}` }),
    notInAll: ['revenue', 'currency'],
  });
