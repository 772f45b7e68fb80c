import { z } from '../index.ts';
import { aReason, aCount, isoTime } from './schemas.ts';

/** What a credential check and an operation answer. */

export const aCheckResult = z
  .union([
    z.object({ kind: z.literal('ok'), proves: z.string().describe('What that means') }),
    z.object({ kind: z.enum(['refused', 'unreachable']), reason: aReason }),
    z.object({ kind: z.literal('unsupported'), message: z.string().describe('Why it cannot be asked') }),
  ])
  .meta({ id: 'CheckResult', description: '`unreachable`: the vendor gave no answer that proves anything' });

const issues = z.array(z.object({ path: z.string(), message: z.string() }));
const setAside = issues.describe('Parts of the input that are left out: the result is about the rest').optional();

export const aCallResult = z
  .union([
    z.object({ kind: z.literal('done'), reply: z.unknown().optional(), attempts: aCount, setAside }),
    z.object({ kind: z.literal('invalid'), issues }),
    z.object({ kind: z.literal('unconfirmed'), question: z.string() }),
    z.object({ kind: z.enum(['rejected', 'refused', 'unknown']), reason: aReason, setAside }),
    z.object({ kind: z.literal('deferred'), reason: aReason, retryAt: isoTime.optional(), setAside }),
  ])
  .meta({
    id: 'CallResult',
    description: 'What became of an operation. `unknown`: it may have been done; `invalid`, `unconfirmed`: not sent',
  });
