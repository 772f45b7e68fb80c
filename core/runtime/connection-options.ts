import { z } from 'zod';
import type { BatchLimits, Pace } from '../api/manifest.ts';
import { suggestion } from '../api/suggestion.ts';
import type { EventLimits } from './intake/event-size.ts';
import type { RetryPolicy } from './sending/retry-policy.ts';

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

/** Parts of a pace. */
export const paceShape = z.strictObject({
  concurrency: whole.optional(),
  timeoutMs: whole.optional(),
  rate: z.strictObject({ permits: whole, perMs: whole, cost: z.enum(['request', 'item']) }).optional(),
});

/** The schema of ConnectionOptions, for forms and for checkedConnectionOptions(). */
export const connectionOptions = z.strictObject({
  id: z
    .string()
    .min(1)
    .optional()
    .meta({ title: 'Connection id', description: 'A name that `integrations` may use as well.' }),
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
    .strictObject({
      maxItems: whole.optional(),
      maxBytes: whole.optional(),
      maxItemBytes: whole.optional(),
      maxAgeMs: wait.optional(),
    })
    .optional()
    .meta({ title: 'Batch limits', description: 'Lower than the vendor allows, never higher.' }),
  pace: paceShape.optional().meta({ title: 'Pace', description: 'Slower than the vendor allows, never faster.' }),
});

/** Options that every connection has, whatever its vendor. `limits` and `pace` can only lower the manifest's. */
export interface ConnectionOptions {
  readonly id?: string | undefined;
  readonly requiredConsent?: readonly string[] | undefined;
  /**
   * What happens to an event if its answer is lost. Default: `report` if the manifest calls a replay harmful, else
   * `retry`.
   */
  readonly onAmbiguous?: 'report' | 'retry' | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly limits?: z.infer<typeof connectionOptions>['limits'];
  readonly pace?: z.infer<typeof connectionOptions>['pace'];
}

/** Returns a checked copy, which later changes by the caller do not reach; or what is wrong. */
export function checkedConnectionOptions(
  input: unknown,
): { readonly options: ConnectionOptions } | { readonly options?: undefined; readonly issues: ConfigIssue[] } {
  const { data, error } = connectionOptions.safeParse(input);
  return data === undefined
    ? { issues: optionIssues(error, connectionOptions, 'options') }
    : { options: data as ConnectionOptions };
}

/** The host program's pace, retry and event limits. */
interface HostLimits {
  readonly pace?: Readonly<Record<string, Partial<Pace>>>;
  readonly retry?: Partial<RetryPolicy>;
  readonly eventLimits?: Partial<EventLimits>;
}

/** Returns a checked copy. Throws for a wrong option and names it. */
export function checkHostOptions(
  { pace = {}, retry, eventLimits }: HostLimits,
  known: ReadonlyMap<string, unknown>,
): HostLimits {
  const paces = Object.entries(pace).map(([slug, hostPace]) => {
    if (!known.has(slug)) throw new Error(`pace: no destination "${slug}"; ${suggestion(slug, [...known.keys()])}`);
    return [slug, check(paceShape, hostPace, `pace.${slug}`)] as const;
  });
  return {
    pace: Object.fromEntries(paces) as HostLimits['pace'] & object,
    ...(retry === undefined ? {} : { retry: check(retryShape, retry, 'retry') as Partial<RetryPolicy> }),
    ...(eventLimits === undefined
      ? {}
      : { eventLimits: check(eventLimitsShape, eventLimits, 'eventLimits') as Partial<EventLimits> }),
  };
}

function check<T>(shape: z.ZodType<T>, value: unknown, under: string): T {
  const { data, error } = shape.safeParse(value);
  const [issue] = error === undefined ? [] : optionIssues(error, shape, under);
  if (issue !== undefined) throw new Error(`${issue.path}: ${issue.message}`);
  return data as T;
}

/** A problem with a setting: where it is and what is wrong, never the value. */
export interface ConfigIssue {
  /** A dotted path; '' is the whole. Vendor settings are under `config`, connection options under `options`. */
  readonly path: string;
  readonly message: string;
}

export const issuesOf = (error: z.ZodError, ...under: readonly string[]): ConfigIssue[] =>
  error.issues.map(({ path, message }) => ({ path: [...under, ...path.map(String)].join('.'), message }));

/** The same for connection options: an unknown name comes with a suggestion. */
const optionIssues = (error: z.ZodError, shape: z.ZodType, under: string): ConfigIssue[] =>
  error.issues.map((issue) => {
    const path = [under, ...issue.path.map(String)].join('.');
    if (issue.code !== 'unrecognized_keys') return { path, message: issue.message };
    const [name = ''] = issue.keys;
    if (hostOptions.has(name))
      return { path, message: `"${name}" is an option of createRuntime(): the host program's, never a connection's` };
    return { path, message: `${issue.message}; ${suggestion(name, namesAt(shape, issue.path))}` };
  });

/** What leads requests elsewhere: no settings of a customer may hold it. */
const hostOptions: ReadonlySet<string> = new Set(['allowedOrigins', 'origins', 'proxy', 'dispatcher']);

function namesAt(shape: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = shape;
  for (const step of path) at = objectIn(at)?.shape[String(step)];
  return Object.keys(objectIn(at)?.shape ?? {});
}

function objectIn(shape: unknown): z.ZodObject | undefined {
  if (shape instanceof z.ZodOptional) return objectIn(shape.unwrap());
  if (shape instanceof z.ZodUnion) return shape.options.map(objectIn).find((candidate) => candidate !== undefined);
  return shape instanceof z.ZodObject ? shape : undefined;
}

/** Finds limits and paces above what the vendor allows: a connection may only lower them. */
export function raisedLimits(limits: BatchLimits, pace: Pace, options: ConnectionOptions): ConfigIssue[] {
  const perMs = (rate: { readonly permits: number; readonly perMs: number }): number => rate.permits / rate.perMs;
  const rate = options.pace?.rate;
  const checks: readonly (readonly [path: string, asked: number | undefined, allowed: number])[] = [
    ...(Object.keys(limits) as (keyof BatchLimits)[]).map(
      (name) => [`limits.${name}`, options.limits?.[name], limits[name] ?? Number.POSITIVE_INFINITY] as const,
    ),
    ['pace.concurrency', options.pace?.concurrency, pace.concurrency],
    ['pace.timeoutMs', options.pace?.timeoutMs, pace.timeoutMs],
    ...(rate !== undefined && pace.rate !== undefined && rate.cost === pace.rate.cost
      ? ([['pace.rate', perMs(rate), perMs(pace.rate)]] as const)
      : []),
  ];
  return checks.flatMap(([path, requested, allowed]) =>
    requested !== undefined && requested > allowed
      ? [{ path: `options.${path}`, message: `must not be more than the vendor's ${allowed}` }]
      : [],
  );
}
