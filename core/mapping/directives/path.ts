import type { JsonValue } from '../../api/event.ts';
import { parsePath, type PathSteps } from '../event-path.ts';
import type { MappingPlace } from '../mapping-place.ts';
import type { RightSide } from '../mapping-run.ts';
import { pathReader } from '../path-reader.ts';
import { issueText } from '../syntax-issue.ts';
import type { Directive } from './directive.ts';

/** `@path`: the value there, as it is. */
export const pathDirective: Directive = (argument, place) => {
  const steps = stepsOf(argument, place);
  return steps === undefined ? place.issue('must be a path, such as "$.properties.total"') : readingOf(steps, place);
};

/** The steps of a path that a directive names; reports what is wrong with it, and returns none. */
export function stepsOf(argument: JsonValue | undefined, place: MappingPlace): PathSteps | undefined {
  if (typeof argument !== 'string') return undefined;
  const parsed = parsePath(argument);
  if (parsed.ok) return parsed.steps;
  for (const issue of parsed.issues) place.issue(issueText(issue));
  return [];
}

/** The right side that reads a path, and says so in preview. */
export function readingOf(steps: PathSteps, place: MappingPlace): RightSide {
  const read = pathReader(steps);
  const path = place.readPath(steps);
  if (path === undefined) return (root) => read(root);
  return (root, run) => {
    const value = read(root);
    if (run.reads !== undefined && run.reads.get(path) !== true) run.reads.set(path, value !== undefined);
    return value;
  };
}
