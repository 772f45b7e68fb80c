import { z } from 'zod';

/**
 * Makes the schema of `Rate`, for a manifest as for the options of a connection or a host. A function, because making
 * schemas takes milliseconds, and most processes need none of these.
 */
export const makeRateSchema = () => {
  const whole = z.number().int().min(1);
  return z
    .strictObject({ permits: whole, perMs: whole, cost: z.enum(['request', 'item']), burst: whole.optional() })
    .refine(({ permits, burst }) => burst === undefined || burst < permits, {
      path: ['burst'],
      message: 'must be less than permits',
    });
};
