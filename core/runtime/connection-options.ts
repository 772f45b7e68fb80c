import { z } from 'zod';
import type { BatchLimits, Pace } from '../api/manifest.ts';
import type { RetryPolicy } from './retry-policy.ts';

const wait = z.number().min(0).max(86_400_000);
const whole = z.number().int().min(1);

const retryShape = z.strictObject({
  attempts: whole.optional(),
  baseMs: wait.optional(),
  capMs: wait.optional(),
  retryAfterCapMs: wait.optional(),
  budget: z
    .union([z.literal(false), z.strictObject({ ratio: z.number().min(0), reserve: z.number().min(0) })])
    .optional(),
});

const eventLimitsShape = z.strictObject({ maxBytes: whole.optional(), maxDepth: whole.optional() });

const paceShape = z.strictObject({
  concurrency: whole.optional(),
  timeoutMs: whole.optional(),
  rate: z.strictObject({ permits: whole, perMs: whole, cost: z.enum(['request', 'item']) }).optional(),
});

/** Settings every connection has, whatever its vendor. */
export const connectionOptions = z.strictObject({
  id: z.string().min(1).optional().meta({ title: 'Connection id', description: 'A name `integrations` may use, too.' }),
  requiredConsent: z.array(z.string().min(1)).optional().meta({
    title: 'Required consent',
    description: 'Consent categories a person must have agreed to; without an answer, nothing is sent.',
  }),
  onAmbiguous: z.enum(['report', 'retry']).optional().meta({
    title: 'When the answer is lost',
    description: 'report: the event comes back as unknown; retry: it is sent again and may arrive twice.',
  }),
  retry: retryShape.optional().meta({ title: 'Retry', description: 'How patient the connection is.' }),
  limits: z
    .strictObject({ maxItems: whole.optional(), maxBytes: whole.optional(), maxAgeMs: wait.optional() })
    .optional()
    .meta({ title: 'Batch limits', description: 'Lower than the vendor allows, never higher.' }),
  pace: paceShape.optional().meta({ title: 'Pace', description: 'Slower than the vendor allows, never faster.' }),
});

/** The same for all vendors. `limits` and `pace` only lower what the manifest says. */
export interface ConnectionOptions {
  readonly id?: string | undefined;
  readonly requiredConsent?: readonly string[] | undefined;
  /** Default: `report` where the manifest says a replay is harmful, else `retry`. */
  readonly onAmbiguous?: 'report' | 'retry' | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly limits?: z.infer<typeof connectionOptions>['limits'];
  readonly pace?: z.infer<typeof connectionOptions>['pace'];
}

/** What the host program says of pace, retry and event limits is checked once, when the runtime is made. Throws, naming the option. */
export function checkHostOptions(
  {
    pace = {},
    retry,
    eventLimits,
  }: { readonly pace?: Readonly<Record<string, unknown>>; readonly retry?: unknown; readonly eventLimits?: unknown },
  known: ReadonlyMap<string, unknown>,
): void {
  for (const [slug, given] of Object.entries(pace)) {
    if (!known.has(slug)) throw new Error(`pace: no destination "${slug}"`);
    check(paceShape, given, `pace.${slug}`);
  }
  if (retry !== undefined) check(retryShape, retry, 'retry');
  if (eventLimits !== undefined) check(eventLimitsShape, eventLimits, 'eventLimits');
}

function check(shape: z.ZodType, given: unknown, under: string): void {
  const { error } = shape.safeParse(given);
  const [issue] = error === undefined ? [] : issuesOf(error, under);
  if (issue !== undefined) throw new Error(`${issue.path}: ${issue.message}`);
}

/** What is wrong with a setting: where, and what; never its value. */
export interface ConfigIssue {
  /** Dotted; '' is the whole. Settings of the vendor are under `config`, those of the connection under `options`. */
  readonly path: string;
  readonly message: string;
}

export const issuesOf = (error: z.ZodError, ...under: readonly string[]): ConfigIssue[] =>
  error.issues.map(({ path, message }) => ({ path: [...under, ...path.map(String)].join('.'), message }));

/** A connection may only ask for less than its vendor allows. */
export function raised(limits: BatchLimits, pace: Pace, options: ConnectionOptions): ConfigIssue[] {
  const perMs = (rate: { readonly permits: number; readonly perMs: number }): number => rate.permits / rate.perMs;
  const rate = options.pace?.rate;
  const checks: readonly (readonly [path: string, asked: number | undefined, allowed: number])[] = [
    ['limits.maxItems', options.limits?.maxItems, limits.maxItems],
    ['limits.maxBytes', options.limits?.maxBytes, limits.maxBytes],
    ['limits.maxAgeMs', options.limits?.maxAgeMs, limits.maxAgeMs],
    ['pace.concurrency', options.pace?.concurrency, pace.concurrency],
    ['pace.timeoutMs', options.pace?.timeoutMs, pace.timeoutMs],
    ...(rate !== undefined && pace.rate !== undefined && rate.cost === pace.rate.cost
      ? ([['pace.rate', perMs(rate), perMs(pace.rate)]] as const)
      : []),
  ];
  return checks.flatMap(([path, asked, allowed]) =>
    asked !== undefined && asked > allowed
      ? [{ path: `options.${path}`, message: `must not be more than the vendor's ${allowed}` }]
      : [],
  );
}
