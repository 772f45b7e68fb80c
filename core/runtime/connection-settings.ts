import type { ZodSafeParseResult } from 'zod';
import type { AnyDestination } from '../api/destination.ts';
import type { ConnectionIds } from './connection-ids.ts';
import {
  checkedConnectionOptions,
  raisedLimits,
  settingIssues,
  type ConfigIssue,
  type ConnectionOptions,
} from './connection-options.ts';
import { withoutEmptied } from './emptied-settings.ts';
import { errorText } from './error-text.ts';
import type { HostParts } from './host-parts.ts';
import { repeatedNames } from './repeated-names.ts';
import { compileRules, type ConnectionHooks, type EventRules } from './event-rules.ts';
import type { Emit } from './signals.ts';
import { accessTo } from './vendor-access.ts';

/** What a connection is opened with, checked. */
export interface CheckedSettings {
  readonly destination: AnyDestination;
  readonly config: unknown;
  readonly connectionOptions: ConnectionOptions;
  readonly rules: EventRules | undefined;
}

/** Checks a vendor's settings and the connection's options. Reports every problem, by path and without values. */
export function checkSettings(
  host: HostParts,
  ids: ConnectionIds,
  destination: AnyDestination,
  config: unknown,
  connectionOptions: ConnectionOptions,
  hooks: ConnectionHooks,
): { readonly settings: CheckedSettings | undefined; readonly issues: readonly ConfigIssue[] } {
  const parsed = parseConfig(host.emit, destination, config);
  const parsedOptions = checkedConnectionOptions(connectionOptions, destination.config);
  const { options } = parsedOptions;
  const { rules, issues: ruleIssues } = compileRules(connectionOptions, hooks, host.eventLimits);
  const issues = [
    ...(destination.manifest.hosts === 'origins' && host.allowedOrigins.length === 0 ? [noOrigins] : []),
    ...(options?.id !== undefined && ids.isOpen(options.id) ? [idInUse] : []),
    ...(parsed.issues ?? []),
    ...(options === undefined
      ? parsedOptions.issues.filter(({ path }) => !ruleIssues.some((issue) => issue.path === path))
      : raisedLimits(destination.manifest.limits, accessTo(host, destination.manifest.slug).pace, options)),
    ...ruleIssues,
  ];
  if (parsed.issues !== undefined || options === undefined || issues.length > 0) return { settings: undefined, issues };
  return { settings: { destination, config: parsed.data, connectionOptions: options, rules }, issues };
}

/** Settings that throw while they are read are invalid. A schema that throws is also a defect of its folder. */
function parseConfig(
  emit: Emit | undefined,
  destination: AnyDestination,
  config: unknown,
): { readonly data?: unknown; readonly issues?: readonly ConfigIssue[] } {
  try {
    const written = withoutEmptied(config, destination.config);
    const { data, error } = destination.config.safeParse(written) as ZodSafeParseResult<unknown>;
    const repeated = repeatedNames(written, 'config');
    return error === undefined && repeated.length === 0
      ? { data }
      : { issues: [...(error === undefined ? [] : settingIssues(error, destination.config)), ...repeated] };
  } catch (error) {
    const { slug } = destination.manifest;
    emit?.({ kind: 'defect', slug, connection: slug, where: 'config', error: errorText(error) });
    return { issues: [{ path: 'config', message: 'cannot be read' }] };
  }
}

/** What the host program has to say, in code and on the command line. */
export const howToAllow = "createRuntime({ allowedOrigins: ['https://...'] }), --allow-origin on the command line";

const noOrigins: ConfigIssue = {
  path: 'config',
  message: `this destination reaches only origins that the host program allows, and there are none (${howToAllow})`,
};

const idInUse: ConfigIssue = {
  path: 'options.id',
  message: 'is the id of a connection that is open; close that one first, or give another id',
};
