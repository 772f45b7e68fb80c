import { classifyWith } from '../api/classify.ts';
import { accept, decide } from '../api/decision.ts';
import type { CheckResult } from '../api/credential-check.ts';
import { anAbortSignal, checkedOptions, someMilliseconds, type OptionTable } from './argument-check.ts';
import { atLeastZero } from './deliver.ts';
import { runErrand } from './errand.ts';
import { defect, type Line } from './line.ts';
import { unreadable } from './unusable-reply.ts';

export interface CheckOptions {
  /** How long it may take, in milliseconds (default 15 s). */
  readonly withinMs?: number;
  readonly signal?: AbortSignal;
}

const checkOptions: OptionTable<CheckOptions> = { withinMs: someMilliseconds, signal: anAbortSignal };

export const noCheck = 'This destination has no credential check';

const defaultWithinMs = 15_000;
const house = classifyWith([]);

/** Asks once. A yes ends a suspension of the whole connection; scopes stay suspended, as it says nothing about them. */
export async function checkCredentials(line: Line, given?: CheckOptions): Promise<CheckResult> {
  const options = checkedOptions(given, checkOptions, 'check()');
  const result = await ask(line, options).catch((error: unknown): CheckResult => {
    defect(line, 'check', error);
    return {
      kind: 'unreachable',
      reason: { code: 'internal_error', message: 'A defect in the connector stopped the check' },
    };
  });
  line.emit?.({ kind: 'credentials_checked', slug: line.slug, connection: line.id, result: result.kind });
  return result;
}

async function ask(line: Line, options: CheckOptions): Promise<CheckResult> {
  const { check, settings, prepared } = line.vendor;
  if (check === undefined) return { kind: 'unsupported', message: noCheck };
  if ('none' in check) return { kind: 'unsupported', message: check.none };
  const outcome = await runErrand(line, {
    request: check.request(settings, prepared),
    onAmbiguous: 'report',
    attempts: 1,
    withinMs: atLeastZero(options.withinMs ?? defaultWithinMs, defaultWithinMs),
    signal: options.signal,
    judge(result, batch) {
      if (result.kind !== 'response') return house(result, batch);
      const { status } = result.response;
      if (check.ok.includes(status)) return unreadable(result.response) ?? accept();
      return check.refused.includes(status)
        ? decide('suspend', 'unauthorized', `The vendor refused the credentials (${status})`, { status })
        : decide(
            'retry',
            'vendor_unavailable',
            `The vendor's ${status} does not say whether it takes the credentials`,
            {
              status,
            },
          );
    },
  });
  if (outcome.kind === 'delivered') {
    line.suspensions.liftWhole();
    return { kind: 'ok' };
  }
  return { kind: outcome.kind === 'suspended' ? 'refused' : 'unreachable', reason: outcome.reason };
}
