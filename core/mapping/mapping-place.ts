import type { JsonObject, JsonValue } from '../api/event.ts';
import { isObject } from '../api/fields/mapping.ts';
import { cutText } from '../api/fields/text-length.ts';
import { suggestion } from '../api/suggestion.ts';
import { inConfig } from './config-path.ts';
import { printPath, type PathSteps } from './event-path.ts';
import type { MappingIssues } from './mapping-issues.ts';
import type { RightSide } from './mapping-run.ts';

/** What the places of one row have in common while it is compiled. */
export interface RowCompilation {
  readonly issues: MappingIssues;
  /** The paths of the event that the row reads. */
  readonly reads: Set<string>;
  /** How many right sides there are in the row, those in others included. */
  sides: number;
  readonly compile: (value: JsonValue, place: MappingPlace) => RightSide;
}

/**
 * What the paths at a place begin at: the event (''), an element of a list in it, or something that the mapping made.
 */
export type PathBase = string | undefined;

/** The right side that stands for one that cannot be compiled: a mapping with an issue is never applied. */
export const nothing: RightSide = () => undefined;

/**
 * A place in a mapping that is compiled: where it stands, what its paths begin at, and what directives need of both.
 */
export class MappingPlace {
  readonly path: string;
  private readonly base: PathBase;
  private readonly row: RowCompilation;

  constructor(path: string, base: PathBase, row: RowCompilation) {
    this.path = path;
    this.base = base;
    this.row = row;
  }

  at(name: string | number): MappingPlace {
    return new MappingPlace(inConfig(this.path, name), this.base, this.row);
  }

  /** The same place, whose paths begin elsewhere. */
  basedOn(base: PathBase): MappingPlace {
    return new MappingPlace(this.path, base, this.row);
  }

  /** Reports what is wrong here. */
  issue(message: string): RightSide {
    this.row.issues.add(this.path, message);
    return nothing;
  }

  /** Compiles a right side that stands here. */
  compile(value: JsonValue): RightSide {
    if (this.row.issues.isFull) return nothing;
    this.row.sides += 1;
    return this.row.compile(value, this);
  }

  /** Compiles a right side that stands here, and says how many right sides it consists of. */
  compileCounted(value: JsonValue): { readonly side: RightSide; readonly sides: number } {
    const before = this.row.sides;
    const side = this.compile(value);
    return { side, sides: this.row.sides - before };
  }

  /** The path of the event that these steps lead to from here; `undefined` if they lead elsewhere. */
  pathOf(steps: PathSteps): string | undefined {
    const { base } = this;
    if (base === undefined) return undefined;
    const path = printPath(steps);
    if (base === '') return path;
    return path.startsWith('$') ? base + path.slice(1) : `${base}.${path}`;
  }

  /** The same, noted as read. */
  readPath(steps: PathSteps): string | undefined {
    const path = this.pathOf(steps);
    this.row.sides += 1;
    if (path !== undefined) this.row.reads.add(path);
    return path;
  }

  /** The options of a directive that stands here; reports what is unknown, what is missing, and what is no object. */
  options(argument: JsonValue, required: readonly string[], optional: readonly string[] = []): JsonObject | undefined {
    const names = [...required, ...optional];
    if (!isObject(argument)) {
      this.issue(`must be an object with ${(required.length > 0 ? required : names).join(', ')}`);
      return undefined;
    }
    for (const name of Object.keys(argument))
      if (!names.includes(name) && !this.row.issues.isFull)
        this.issue(`no member "${cutText(name, longestName)}"; ${suggestion(name, names)}`);
    for (const name of required) if (argument[name] === undefined) this.at(name).issue('is missing');
    return argument;
  }

  /** The option that is one of these words; the first of them if there is none. */
  choice<T extends string>(options: JsonObject, name: string, words: readonly [T, ...T[]]): T {
    const value = options[name];
    const word = words.find((one) => one === value);
    if (word !== undefined) return word;
    if (value !== undefined)
      this.at(name).issue(
        `must be ${words
          .map((one) => `"${one}"`)
          .join(', ')
          .replace(/, (?=[^,]*$)/, ' or ')}`,
      );
    return words[0];
  }

  text(options: JsonObject, name: string, otherwise: string): string {
    const value = options[name];
    if (typeof value === 'string') return value;
    if (value !== undefined) this.at(name).issue('must be a text');
    return otherwise;
  }

  flag(options: JsonObject, name: string, otherwise: boolean): boolean {
    const value = options[name];
    if (typeof value === 'boolean') return value;
    if (value !== undefined) this.at(name).issue('must be true or false');
    return otherwise;
  }

  /** The right side in an option; one that is missing yields nothing. */
  side(options: JsonObject, name: string): RightSide {
    const value = options[name];
    return value === undefined ? nothing : this.at(name).compile(value);
  }
}

/** A longer name is cut in an issue. */
export const longestName = 60;
