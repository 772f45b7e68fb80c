import { z } from 'zod';
import { choice, setting } from './config.ts';

/**
 * Makes the schema of `Rate`, for a manifest as for the options of a connection or a host. A function, because making
 * schemas takes milliseconds, and most processes need none of these.
 */
export const makeRateSchema = () => {
  const whole = z.number().int().min(1);
  return z
    .strictObject({
      permits: setting(whole, 'Permits', 'How much may leave within a window.'),
      perMs: setting(whole, 'Window', 'In milliseconds.'),
      cost: setting(choice({ request: 'Requests', item: 'Events' }), 'Counts', 'What takes a permit.'),
      burst: setting(whole.optional(), 'Burst', 'How many may leave at once; the others come evenly.'),
    })
    .refine(({ permits, burst }) => burst === undefined || burst < permits, {
      path: ['burst'],
      message: 'must be less than permits',
    });
};
