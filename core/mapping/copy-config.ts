import type { JsonObject, JsonValue } from '../api/event.ts';
import { isObject } from '../api/fields/mapping.ts';
import { setOwn } from '../api/fields/payload-builder.ts';
import { inConfig } from './config-path.ts';
import type { MappingIssues } from './mapping-issues.ts';

/** A mapping may be nested so deeply, have so many values and so many characters of texts and names. */
const [mostLevels, mostValues, mostCharacters] = [32, 20_000, 1_000_000];

/**
 * Copies a mapping out of a connection's options, frozen, so that no later change reaches it. Reports what is no JSON,
 * and stops at the bounds, so that neither a cycle nor a huge file exhausts the process. Returns the copy, if nothing
 * is wrong with it.
 */
export function copyConfig(value: unknown, path: string, issues: MappingIssues): JsonValue | undefined {
  const before = issues.count;
  const copy = new ConfigCopy(issues).valueOf(value, path, mostLevels);
  return issues.count === before ? copy : undefined;
}

class ConfigCopy {
  private readonly issues: MappingIssues;
  private values = 0;
  private characters = 0;
  private isFull = false;

  constructor(issues: MappingIssues) {
    this.issues = issues;
  }

  valueOf(value: unknown, path: string, levels: number): JsonValue {
    this.values += 1;
    if (this.values > mostValues) return this.stop(path, `the mapping has more than ${mostValues} values`);
    if (typeof value === 'string') return this.counted(value, path);
    if (typeof value === 'boolean' || value === null) return value;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    if (typeof value !== 'object') return this.report(path, 'is no JSON value');
    if (levels <= 0) return this.report(path, `is nested more deeply than ${mostLevels} levels`);
    if (Array.isArray(value)) return this.listOf(value, path, levels - 1);
    const prototype = Object.getPrototypeOf(value) as unknown;
    if (prototype !== Object.prototype && prototype !== null && !isPlainElsewhere(prototype))
      return this.report(path, 'is no JSON value');
    return this.objectOf(value, path, levels - 1);
  }

  private listOf(list: readonly unknown[], path: string, levels: number): JsonValue {
    const copy: JsonValue[] = [];
    for (let index = 0; index < list.length && !this.isFull; index += 1)
      copy.push(this.valueOf(list[index], inConfig(path, index), levels));
    return Object.freeze(copy);
  }

  private objectOf(object: object, path: string, levels: number): JsonObject {
    const copy: Record<string, JsonValue> = {};
    for (const name of Object.keys(object)) {
      if (this.isFull) break;
      this.counted(name, path);
      const value = (object as Readonly<Record<string, unknown>>)[name];
      if (value !== undefined) setOwn(copy, name, this.valueOf(value, inConfig(path, name), levels));
    }
    return Object.freeze(copy);
  }

  private counted(text: string, path: string): string {
    this.characters += text.length;
    if (this.characters > mostCharacters)
      this.stop(path, `the names and texts of the mapping are longer than ${mostCharacters} characters`);
    return text;
  }

  /** One issue for all that follow. */
  private stop(path: string, message: string): null {
    if (!this.isFull) this.report(path, message);
    this.isFull = true;
    return null;
  }

  private report(path: string, message: string): null {
    this.issues.add(path, message);
    return null;
  }
}

/** The prototype of plain objects in another realm, such as that of a test runner. */
const isPlainElsewhere = (prototype: unknown): boolean =>
  isObject(prototype) && Object.hasOwn(prototype, 'isPrototypeOf') && Object.getPrototypeOf(prototype) === null;
