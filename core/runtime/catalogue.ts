import { z } from 'zod';
import type { AnyDestination } from '../api/destination.ts';
import type { HttpRequest } from '../api/failure.ts';
import type { DestinationManifest } from '../api/manifest.ts';
import type { OperationList } from '../api/operation.ts';
import { inputSchema } from './call.ts';
import { noCheck } from './credential-check.ts';
import { optionShapes } from './option-shapes.ts';

/** A JSON Schema (2020-12) as plain data, for a form or a validator. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A destination, described for a CDP's forms. */
export interface CatalogueEntry {
  readonly manifest: DestinationManifest;
  /** JSON Schema 2020-12 of the settings; secrets carry `secret: true`. */
  readonly configSchema: JsonSchema;
  /**
   * JSON Schema 2020-12 of the options that stand beside the settings, the same for every destination. Of a query and a
   * mapping it says no more than their form; open() says the rest, as of limits above the vendor's.
   */
  readonly optionsSchema: JsonSchema;
  /** The operations that connection.call() can run, in the order of the folder's list. */
  readonly operations: readonly OperationEntry[];
  /** What an `ok` of connection.check() proves; or why the destination has no check. */
  readonly check:
    { readonly kind: 'request'; readonly proves: string } | { readonly kind: 'unsupported'; readonly message: string };
}

/** An operation, described for a form. */
export interface OperationEntry {
  readonly name: string;
  readonly summary: string;
  readonly method: HttpRequest['method'];
  readonly path: string;
  /** JSON Schema 2020-12 of the input: the parameters by name, and `body`. */
  readonly inputSchema: JsonSchema;
  readonly idempotent: boolean;
  /** The question that a person has to agree to before the operation runs. */
  readonly confirm?: string;
  /** The errors the vendor documents. */
  readonly errors: readonly { readonly status: readonly number[]; readonly message?: string }[];
  /** Whether the reply can be read as events. */
  readonly events: boolean;
}
/** Describes a destination for a CDP's forms. */
export const catalogueEntry = ({ manifest, config, operations, check }: AnyDestination): CatalogueEntry => ({
  manifest,
  configSchema: formSchema(config),
  optionsSchema: optionsSchema(),
  operations: Object.entries((operations?.list ?? {}) as OperationList).map(([name, definition]) => ({
    name,
    summary: definition.summary,
    method: definition.method,
    path: definition.path,
    inputSchema: formSchema(inputSchema(definition)),
    idempotent: definition.idempotent,
    ...(definition.confirm === undefined ? {} : { confirm: definition.confirm }),
    errors: definition.errors.map(({ status, means }) => ({
      status: typeof status === 'number' ? [status] : status,
      ...(typeof means === 'object' && 'reason' in means ? { message: means.reason.message } : {}),
    })),
    events: definition.events !== undefined,
  })),
  check:
    check === undefined || 'none' in check
      ? { kind: 'unsupported', message: check?.none ?? noCheck }
      : { kind: 'request', proves: check.proves },
});

let ofOptions: JsonSchema | undefined;

/** It is made once: a runtime may have hundreds of destinations. */
const optionsSchema = (): JsonSchema => (ofOptions ??= formSchema(optionShapes().connection));

const formSchema = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
