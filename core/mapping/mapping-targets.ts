import { parsePath, type PathSteps } from './event-path.ts';
import type { MappingIssues } from './mapping-issues.ts';
import type { RightSide } from './mapping-run.ts';
import { issueText } from './syntax-issue.ts';

/** What happens to a target of a mapping. */
interface TargetRow {
  /** The event's path. */
  readonly target: string;
  /** Where the row stands in the connection's options. */
  readonly path: string;
}

/** What is written to a target. */
export interface MappingRow extends TargetRow {
  readonly side: RightSide;
}

/**
 * A member of an event that a mapping touches: it is written, or one of its own members is written or removed. The tree
 * of them has each object that is to be copied once.
 */
export class TargetNode {
  readonly key: string;
  /** `undefined` for an object on the way to targets. */
  row: MappingRow | undefined = undefined;
  readonly members: TargetNode[] = [];
  /** The members that are removed, by name. */
  readonly removals = new Map<string, TargetRow>();

  constructor(key: string) {
    // What was cut out of a longer text is looked up more slowly than a name that the engine knows as a key.
    this.key = Object.keys({ [key]: true })[0] as string;
  }

  find(key: string): TargetNode | undefined {
    return this.members.find((member) => member.key === key);
  }

  member(key: string): TargetNode {
    const known = this.find(key);
    if (known !== undefined) return known;
    const node = new TargetNode(key);
    this.members.push(node);
    return node;
  }
}

/** Longer targets name nothing that an event has. */
const longestTarget = 1_000;

/** Of a target: each of its steps may be an object in another. */
export const mostSteps = 32;

/** The steps of a target; `undefined` after the report of an issue. */
export function targetSteps(text: unknown, path: string, issues: MappingIssues): readonly string[] | undefined {
  if (typeof text !== 'string') {
    issues.add(path, 'must be a path, such as "properties.internal"');
    return undefined;
  }
  if (text.length > longestTarget) {
    issues.add(path, `is longer than ${longestTarget} characters`);
    return undefined;
  }
  const parsed = parsePath(text);
  const messages = parsed.ok ? problemsOf(parsed.steps) : parsed.issues.map(issueText);
  for (const message of messages) issues.add(path, message);
  return parsed.ok && messages.length === 0 ? (parsed.steps as readonly string[]) : undefined;
}

function problemsOf(steps: PathSteps): readonly string[] {
  const [first, second] = steps;
  if (first === undefined) return ['must name a member of the event, such as properties.total'];
  const problems: string[] = [];
  if (steps.length > mostSteps) problems.push(`has more than ${mostSteps} steps`);
  if (steps.some((step) => typeof step === 'number'))
    problems.push('must not have an index: set the whole list, with "@arrayPath"');
  if (first === 'messageId') problems.push('a mapping must not change the id by which events are told apart');
  if (first === 'integrations') problems.push('a mapping must not change where an event goes');
  if (first === 'context' && second === undefined)
    problems.push('would change the consent, which is in context: name members of context');
  if (first === 'context' && typeof second === 'string' && second.startsWith('consent'))
    problems.push('a mapping must not change what a person agreed to');
  return problems;
}

/**
 * Adds a row to the tree, which removes its target if there is no right side. Reports a target that is there before,
 * that contains another, or that lies in another.
 */
export function addRow(
  root: TargetNode,
  steps: readonly string[],
  row: TargetRow & { readonly side: RightSide | undefined },
  issues: MappingIssues,
): void {
  const report = (how: string, other: TargetRow): void => issues.add(row.path, `${how} the target at ${other.path}`);
  let node = root;
  const last = steps.length - 1;
  for (let index = 0; index < last; index += 1) {
    const step = steps[index] as string;
    const removal = node.removals.get(step);
    if (removal !== undefined) return report('lies in', removal);
    node = node.member(step);
    if (node.row !== undefined) return report('lies in', node.row);
  }
  const key = steps[last] as string;
  const known = node.find(key);
  const same = node.removals.get(key) ?? known?.row;
  if (same !== undefined) return report('is the same as', same);
  if (known !== undefined) return report('contains', firstRow(known));
  if (row.side === undefined) node.removals.set(key, row);
  else node.member(key).row = row as MappingRow;
}

function firstRow(node: TargetNode): TargetRow {
  let at = node;
  for (;;) {
    const row = at.row ?? at.removals.values().next().value;
    if (row !== undefined) return row;
    at = at.members[0] as TargetNode;
  }
}
