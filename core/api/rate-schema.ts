import { z } from 'zod';

const whole = z.number().int().min(1);

/** The schema of `Rate`, in a manifest as in the options of a connection or a host. */
export const rateSchema = z
  .strictObject({ permits: whole, perMs: whole, cost: z.enum(['request', 'item']), burst: whole.optional() })
  .refine(({ permits, burst }) => burst === undefined || burst < permits, {
    path: ['burst'],
    message: 'must be less than permits',
  });
