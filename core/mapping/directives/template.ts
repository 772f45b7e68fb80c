import { issuesIn, issueText, SyntaxFault } from '../syntax-issue.ts';
import { scanPath, type PathSteps } from '../event-path.ts';
import type { RightSide } from '../mapping-run.ts';
import { scalarText, type Directive } from './directive.ts';
import { readingOf } from './path.ts';

const takes =
  '@template takes texts, numbers and booleans, and a placeholder of this one stands for a list or an object';

/**
 * `@template`: text with placeholders, `{{path}}`. One that is missing or null is the empty text; where all of them
 * are, there is nothing. `{{{path}}}` means the same.
 */
export const template: Directive = (argument, place) => {
  if (typeof argument !== 'string')
    return place.issue('must be a text, such as "{{properties.name}} in {{context.locale}}"');
  const parsed = issuesIn(argument, () => ({ ok: true as const, parts: partsOf(argument) }));
  if (!parsed.ok) return place.issue(parsed.issues.map(issueText).join('; '));
  const { texts, paths } = parsed.parts;
  if (paths.length === 0) {
    if (/\{[^{}]+\}/.test(argument))
      return place.issue('a placeholder stands in two braces, as in "{{properties.name}}"');
    return () => argument;
  }
  return rendering(
    texts,
    paths.map((steps) => readingOf(steps, place)),
  );
};

/** What stands between the placeholders, one text more than there are paths. */
interface TemplateParts {
  readonly texts: readonly string[];
  readonly paths: readonly PathSteps[];
}

function partsOf(text: string): TemplateParts {
  const texts: string[] = [];
  const paths: PathSteps[] = [];
  let from = 0;
  for (let open = text.indexOf('{{'); open >= 0; open = text.indexOf('{{', from)) {
    texts.push(text.slice(from, open));
    const braces = text[open + 2] === '{' ? '{{{' : '{{';
    const { steps, end } = scanPath(text, behindSpace(text, open + braces.length));
    const close = behindSpace(text, end);
    const closing = braces.replaceAll('{', '}');
    if (!text.startsWith(closing, close)) throw new SyntaxFault(close, 'no placeholder goes on like this', closing);
    paths.push(steps);
    from = close + closing.length;
  }
  return { texts: [...texts, text.slice(from)], paths };
}

function behindSpace(text: string, at: number): number {
  let end = at;
  while (text[end] === ' ') end += 1;
  return end;
}

function rendering(texts: readonly string[], readings: readonly RightSide[]): RightSide {
  return (root, run) => {
    let text = texts[0] as string;
    let isAnyThere = false;
    for (let index = 0; index < readings.length; index += 1) {
      const value = (readings[index] as RightSide)(root, run) ?? null;
      if (value !== null) {
        const part = scalarText(value);
        if (part === undefined) return run.unfit(takes);
        isAnyThere = true;
        text += part;
      }
      text += texts[index + 1] as string;
      if (text.length > run.remaining) return run.outOfWork();
    }
    return isAnyThere && run.spend(text.length) ? text : undefined;
  };
}
