import type { z } from 'zod';
import type { BatchLimits, Pace, Rate } from '../api/manifest.ts';
import { suggestion } from '../api/suggestion.ts';
import type { EventLimits } from './intake/event-size.ts';
import { optionShapes, type OptionShapes } from './option-shapes.ts';
import type { RetryPolicy } from './sending/retry-policy.ts';
import { isNameIn, pathOf, unknownKeys, type Elsewhere } from './unknown-keys.ts';

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
  readonly limits?: z.infer<OptionShapes['connection']>['limits'];
  /**
   * A `rate` holds beside the vendor's, whose `burst` stays. Without a `burst` of its own it bounds nothing but its own
   * window, of any length (6,000 an hour), at the vendor's average or below it. With one, neither the burst nor the
   * steady pace, `(permits - burst) / perMs`, may be more than the vendor's.
   */
  readonly pace?: z.infer<OptionShapes['connection']>['pace'];
  /**
   * Which events the connection takes: a query in the filter query language, see docs/mapping.md. Others are skipped,
   * with the code `not_subscribed`.
   */
  readonly subscribe?: string | undefined;
  /** What becomes of an event before the vendor's own rules: see docs/mapping.md. */
  readonly mapping?: z.infer<OptionShapes['connection']>['mapping'];
}

/**
 * Returns a checked copy, which later changes by the caller do not reach; or what is wrong. `settings` is the schema of
 * the vendor's own settings, for what is written in the wrong place.
 */
export function checkedConnectionOptions(
  input: unknown,
  settings: z.ZodType,
): { readonly options: ConnectionOptions } | { readonly options?: undefined; readonly issues: ConfigIssue[] } {
  const plain = plainOptions(input);
  if (plain !== undefined) return { options: plain };
  const { connection } = optionShapes();
  const { data, error } = connection.safeParse(input);
  return data === undefined
    ? { issues: optionIssues(error, connection, 'options', settings) }
    : { options: data as ConnectionOptions };
}

/** A copy of options that hold an id or nothing, as most do: they need no schema. */
function plainOptions(input: unknown): ConnectionOptions | undefined {
  if (typeof input !== 'object' || input === null || Object.getPrototypeOf(input) !== Object.prototype)
    return undefined;
  const entries = Object.entries(input);
  if (entries.length === 0) return {};
  const [name, id] = entries[0] as [string, unknown];
  return entries.length === 1 && name === 'id' && typeof id === 'string' && id !== '' ? { id } : undefined;
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
    return [slug, check(optionShapes().pace, hostPace, `pace.${slug}`)] as const;
  });
  return {
    pace: Object.fromEntries(paces) as HostLimits['pace'] & object,
    ...(retry === undefined ? {} : { retry: check(optionShapes().retry, retry, 'retry') as Partial<RetryPolicy> }),
    ...(eventLimits === undefined
      ? {}
      : { eventLimits: check(optionShapes().eventLimits, eventLimits, 'eventLimits') as Partial<EventLimits> }),
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

/** The same for a vendor's settings: an unknown name comes with a suggestion, or with its place among the options. */
export const settingIssues = (error: z.ZodError, shape: z.ZodType): ConfigIssue[] =>
  withUnknownKeys(error, shape, 'config', (name, path) => {
    if (path.length > 0) return undefined;
    if (hostOptions.has(name)) return hostOption(name);
    if (name === 'options') return '"options" stands beside "config", not in it';
    const at = pathOf(name, optionShapes().connection, ['options']);
    return at === undefined ? undefined : `"${name}" is an option, not a setting: it belongs at ${at}, beside "config"`;
  });

/** The same for connection options, whose names may be those of settings. */
const optionIssues = (error: z.ZodError, shape: z.ZodType, under: string, settings?: z.ZodType): ConfigIssue[] =>
  withUnknownKeys(error, shape, under, (name) => {
    if (hostOptions.has(name)) return hostOption(name);
    if (settings === undefined) return undefined;
    const inside = pathOf(name, optionShapes().connection, ['options']);
    if (inside !== undefined) return `"${name}" belongs at ${inside}`;
    return isNameIn(settings, name) ? `"${name}" is a setting, not an option: it belongs at config.${name}` : undefined;
  });

function withUnknownKeys(error: z.ZodError, shape: z.ZodType, under: string, elsewhere: Elsewhere): ConfigIssue[] {
  return error.issues.flatMap((issue) => {
    const path = [under, ...issue.path.map(String)].join('.');
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    return unknownKeys(issue, shape, elsewhere).map((message) => ({ path, message }));
  });
}

/** What leads requests elsewhere: no settings of a customer may hold it. */
const hostOptions: ReadonlySet<string> = new Set(['allowedOrigins', 'origins', 'proxy', 'dispatcher']);

const hostOption = (name: string): string =>
  `"${name}" is an option of createRuntime(): the host program's, never a connection's`;

/** Finds limits and paces above what the vendor allows: a connection may only lower them. */
export function raisedLimits(limits: BatchLimits, pace: Pace, options: ConnectionOptions): ConfigIssue[] {
  if (options.limits === undefined && options.pace === undefined) return [];
  const checks: readonly LimitCheck[] = [
    ...(Object.keys(limits) as (keyof BatchLimits)[]).map(
      (name) => [`limits.${name}`, options.limits?.[name], limits[name] ?? Number.POSITIVE_INFINITY] as const,
    ),
    ['pace.concurrency', options.pace?.concurrency, pace.concurrency],
    ['pace.timeoutMs', options.pace?.timeoutMs, pace.timeoutMs],
    ...rateChecks(options.pace?.rate, pace.rate),
  ];
  return checks.flatMap(([path, requested, allowed]) =>
    requested !== undefined && requested > allowed
      ? [{ path: `options.${path}`, message: `must not be more than the vendor's ${allowed}` }]
      : [],
  );
}

type LimitCheck = readonly [path: string, requested: number | undefined, allowed: number];

/** In another unit, neither rate says anything about the other. */
function rateChecks(requested: Rate | undefined, allowed: Rate | undefined): readonly LimitCheck[] {
  if (requested === undefined || allowed?.cost !== requested.cost) return [];
  if (requested.burst === undefined)
    return [['pace.rate', requested.permits / requested.perMs, allowed.permits / allowed.perMs]];
  return [
    ['pace.rate.burst', requested.burst, allowed.burst ?? allowed.permits],
    ['pace.rate', steadyPerMs(requested), steadyPerMs(allowed)],
  ];
}

/** What lasts: a window may begin with a burst, and the rest of it comes evenly. */
const steadyPerMs = ({ permits, perMs, burst = 0 }: Rate): number => (permits - burst) / perMs;
