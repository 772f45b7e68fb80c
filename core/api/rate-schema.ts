import { z } from 'zod';

/** The schema of `Rate`, in a manifest as in the options of a connection or a host. */
export const rateSchema = () => {
  const whole = z.number().int().min(1);
  return z
    .strictObject({ permits: whole, perMs: whole, cost: z.enum(['request', 'item']), burst: whole.optional() })
    .refine(({ permits, burst }) => burst === undefined || burst < permits, {
      path: ['burst'],
      message: 'must be less than permits',
    });
};
