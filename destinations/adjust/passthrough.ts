import { flatTexts, valueSelector, type ValueSelector } from '../../core/api/index.ts';
import type { Config } from './config.ts';

const vendor = 'Adjust';
const fields = { callbackParams: 'callback_params', partnerParams: 'partner_params' } as const;

/**
 * Compiles the choice of values for a form field: dotted names, lists as JSON in one string (ADJUST-45, ADJUST-46).
 * Revenue and currency are fields of their own (ADJUST-48); "all" does not repeat them. `undefined` if nothing is
 * chosen, which then costs an event nothing.
 */
export const parameterSelector = (setting: keyof typeof fields, config: Config): ValueSelector | undefined =>
  Object.keys(config[setting]).length === 0
    ? undefined
    : valueSelector(config[setting], {
        vendor,
        as: flatTexts({ vendor, depth: 8, tooDeep: `Too deep for ${fields[setting]}` }),
        notInAll: ['revenue', 'currency'],
        setting: `config.${setting}`,
      });
