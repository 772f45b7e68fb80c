import type { z } from 'zod';
import { schemasOfSameValue } from './same-value-schemas.ts';
import { settingsDepth } from './settings-depth.ts';

/**
 * The settings without those that a form emptied: `""` of an optional setting is absent, at any depth. A required
 * setting keeps it, for its schema to judge. So does the value of a map, whose name somebody chose, and a text that has
 * a default and may be empty: there it says something else than the default.
 */
export const withoutEmptied = (config: unknown, settings: z.ZodType): unknown =>
  mayBeEmptied(config) ? cleared(config, [settings]) : config;

/**
 * Nearly all settings hold no `""`, and need no walk through their schema. What is deeper than settings are, or refers
 * to itself, is left to the schema.
 */
function mayBeEmptied(value: unknown, level = 0): boolean {
  if (typeof value !== 'object' || value === null) return value === '';
  return level > settingsDepth || Object.values(value).some((member) => mayBeEmptied(member, level + 1));
}

/** The value itself where nothing in it is emptied, and where no schema says what may be in it. */
function cleared(value: unknown, schemas: readonly unknown[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const forms = schemas.flatMap(formsOf).filter((form) => isFormOf(value, form));
  if (forms.length === 0) return value;
  if (!Array.isArray(value)) return clearedMembers(value as Readonly<Record<string, unknown>>, forms);
  const kept = value.map((item: unknown, index) =>
    cleared(
      item,
      forms.map((form) => itemOf(form, index)),
    ),
  );
  return kept.every((item, index) => item === value[index]) ? value : kept;
}

function clearedMembers(object: Readonly<Record<string, unknown>>, forms: readonly Form[]): unknown {
  const entries = Object.entries(object);
  const kept = entries.flatMap(([name, value]): [string, unknown][] => {
    const members = forms.map((form) => memberOf(form, name)).filter((member) => member !== undefined);
    if (value === '' && members.length > 0 && members.every(isBetterAbsent)) return [];
    return [[name, cleared(value, members.length > 0 ? members : forms.map(valueOf))]];
  });
  const isSame = kept.length === entries.length && kept.every(([, value], index) => value === entries[index]?.[1]);
  return isSame ? object : Object.fromEntries(kept);
}

/** The setting may be absent, and "" is refused, says no more than that, or would be read as something else: 0. */
function isBetterAbsent(setting: z.ZodType): boolean {
  const absent = resultOf(setting, undefined);
  if (!absent?.success) return false;
  const emptied = resultOf(setting, '');
  return absent.data === undefined || !emptied?.success || typeof emptied.data !== 'string';
}

/** `undefined` if the setting's own code throws: it may count on a value. */
function resultOf(setting: z.ZodType, value: unknown): z.ZodSafeParseResult<unknown> | undefined {
  try {
    return setting.safeParse(value);
  } catch {
    return undefined;
  }
}

/** The definition of a schema that says what is in a value: of an object, a map, a list or a tuple. */
type Form = z.core.$ZodTypes['_zod']['def'];

/** Those of a schema and of its alternatives. Of a pipe, those of what it takes count. */
function formsOf(schema: unknown): readonly Form[] {
  if (schema === undefined || schema === null) return [];
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if ('shape' in def || 'valueType' in def || 'element' in def || 'items' in def) return [def];
  const taken = 'in' in def ? formsOf(def.in) : [];
  return taken.length > 0 ? taken : schemasOfSameValue(def).flatMap(formsOf);
}

/** Whether the value can be meant: an alternative of a union whose literals say otherwise is another one. */
function isFormOf(value: object, form: Form): boolean {
  if (Array.isArray(value)) return 'element' in form || 'items' in form;
  if (!('shape' in form)) return 'valueType' in form;
  return Object.entries(value).every(([name, part]) => part === '' || fitsLiteral(part, memberOf(form, name)));
}

function fitsLiteral(value: unknown, member: z.ZodType | undefined): boolean {
  const def = (member as z.core.$ZodTypes | undefined)?._zod.def;
  return def?.type !== 'literal' || (def.values as readonly unknown[]).includes(value);
}

/** By own names alone: a setting may be called "constructor". */
const memberOf = (form: Form, name: string): z.ZodType | undefined =>
  'shape' in form && Object.hasOwn(form.shape, name) ? (form.shape[name] as z.ZodType) : undefined;

const valueOf = (form: Form): unknown =>
  'valueType' in form ? form.valueType : 'catchall' in form ? form.catchall : undefined;

const itemOf = (form: Form, index: number): unknown =>
  'element' in form ? form.element : 'items' in form ? (form.items[index] ?? form.rest) : undefined;
