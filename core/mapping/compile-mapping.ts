import type { JsonObject, JsonValue } from '../api/event.ts';
import { isObject } from '../api/fields/mapping.ts';
import { cutText } from '../api/fields/text-length.ts';
import { suggestion } from '../api/suggestion.ts';
import { applyTargets, type MappedEvent } from './apply-mapping.ts';
import { inConfig } from './config-path.ts';
import { copyConfig } from './copy-config.ts';
import { printPath } from './event-path.ts';
import { MappingIssues, type MappingIssue } from './mapping-issues.ts';
import { longestName, MappingPlace } from './mapping-place.ts';
import type { RightSide } from './mapping-run.ts';
import { addRow, TargetNode, targetSteps } from './mapping-targets.ts';
import type { MappingTrace } from './mapping-trace.ts';
import { compileRightSide } from './right-side.ts';

/** The paths of events that a mapping touches, each once, in the order of its rows. Elements of lists are `[]`. */
export interface MappingPaths {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly removes: readonly string[];
}

/** A mapping that is ready to be applied to events. */
export interface Mapping {
  readonly ok: true;
  readonly paths: MappingPaths;
  /**
   * Applies the mapping to an event that is JSON. It never throws, and the event it is given stays as it is: the new
   * one shares with it whatever did not change. The trace is for preview, and costs nothing where there is none.
   */
  apply(event: object, trace?: MappingTrace): MappedEvent;
}

export type CompiledMapping = Mapping | { readonly ok: false; readonly issues: readonly MappingIssue[] };

/** What a mapping may do beyond its own rows. */
export interface MappingLimits {
  /** How many characters and values all rows together may make of one event. Default: 1 MiB, as an event may have. */
  readonly maxBytes?: number;
}

/** More rows are a program, and a program is for `prepareEvent`. */
const mostRows = 500;

const at = 'options.mapping';

/**
 * Compiles the option `mapping` of a connection: `set`, a right side for each target, and `unset`, a list of targets;
 * see docs/mapping.md. Returns the mapping, or all that is wrong with it, up to a hundred issues, each with its path
 * under `options.mapping`. It takes what was read from a file as it is, whatever that is.
 *
 * @example
 * const mapping = compileMapping({
 *   set: { event: 'Order Completed', 'properties.total': { '@path': '$.properties.net' } },
 *   unset: ['context.ip'],
 * });
 * if (mapping.ok) mapping.apply({ type: 'track', event: 'Bestellung', properties: { net: 10 } });
 */
export function compileMapping(option: unknown, { maxBytes = 1024 * 1024 }: MappingLimits = {}): CompiledMapping {
  const issues = new MappingIssues();
  const copy = copyConfig(option, at, issues);
  if (copy === undefined) return { ok: false, issues: issues.list() };
  if (!isObject(copy)) return { ok: false, issues: [{ path: at, message: 'must be an object with "set" or "unset"' }] };
  const compilation = new MappingCompilation(issues);
  for (const name of Object.keys(copy))
    if (name !== 'set' && name !== 'unset' && !issues.isFull)
      issues.add(at, `no member "${cutText(name, longestName)}"; ${suggestion(name, ['set', 'unset'])}`);
  compilation.set(copy['set']);
  compilation.unset(copy['unset']);
  if (issues.count > 0) return { ok: false, issues: issues.list() };
  const { root } = compilation;
  return {
    ok: true,
    paths: compilation.paths(),
    apply: (event, trace) => applyTargets(root, event, maxBytes, trace),
  };
}

class MappingCompilation {
  readonly root = new TargetNode('');
  private readonly issues: MappingIssues;
  private readonly reads = new Set<string>();
  private readonly writes: string[] = [];
  private readonly removes: string[] = [];

  constructor(issues: MappingIssues) {
    this.issues = issues;
  }

  set(rows: JsonValue | undefined): void {
    const path = inConfig(at, 'set');
    if (rows === undefined) return;
    if (!isObject(rows)) return this.report(path, 'must be an object with a right side for each target');
    const targets = Object.keys(rows);
    if (targets.length > mostRows) return this.report(path, `has more than ${mostRows} rows`);
    for (const target of targets) this.setRow(target, rows, inConfig(path, target));
  }

  private setRow(target: string, rows: JsonObject, path: string): void {
    const { issues, reads } = this;
    const place = new MappingPlace(path, '', { issues, reads, sides: 0, compile: compileRightSide });
    const side = place.compile(rows[target] ?? null);
    const printed = this.add(target, path, side);
    if (printed !== undefined) this.writes.push(printed);
  }

  unset(targets: JsonValue | undefined): void {
    const path = inConfig(at, 'unset');
    if (targets === undefined) return;
    if (!Array.isArray(targets)) return this.report(path, 'must be a list of paths');
    if (targets.length > mostRows) return this.report(path, `has more than ${mostRows} rows`);
    for (const [index, target] of (targets as readonly JsonValue[]).entries()) {
      const printed = this.add(target, inConfig(path, index), undefined);
      if (printed !== undefined) this.removes.push(printed);
    }
  }

  /** Adds a target; returns its path, as it is printed. */
  private add(text: JsonValue, path: string, side: RightSide | undefined): string | undefined {
    const steps = targetSteps(text, path, this.issues);
    if (steps === undefined) return undefined;
    const target = printPath(steps);
    addRow(this.root, steps, { target, path, side }, this.issues);
    return target;
  }

  private report(path: string, message: string): void {
    this.issues.add(path, message);
  }

  paths(): MappingPaths {
    return { reads: [...this.reads], writes: this.writes, removes: this.removes };
  }
}
