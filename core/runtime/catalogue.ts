import { z } from 'zod';
import type { AnyDestination } from '../api/destination.ts';
import type { HttpRequest } from '../api/failure.ts';
import type { DestinationManifest } from '../api/manifest.ts';
import type { OperationList } from '../api/operation.ts';
import { inputSchema } from './call.ts';
import { noCheck } from './credential-check.ts';

/** A JSON Schema (2020-12), as plain data for a form or a validator. */
export type JsonSchema = Readonly<Record<string, unknown>>;
export interface CatalogueEntry {
  readonly manifest: DestinationManifest;
  /** JSON Schema 2020-12 of the settings; secrets carry `secret: true`. */
  readonly configSchema: JsonSchema;
  /** What connection.call() can do, in the order of the folder's list. */
  readonly operations: readonly OperationEntry[];
  /** Whether connection.check() can tell, and what its `ok` proves; if not, why. */
  readonly check:
    { readonly kind: 'request'; readonly proves: string } | { readonly kind: 'unsupported'; readonly message: string };
}

/** An operation, as data for a form. */
export interface OperationEntry {
  readonly name: string;
  readonly summary: string;
  readonly method: HttpRequest['method'];
  readonly path: string;
  /** JSON Schema 2020-12 of the input: the parameters by name, and `body`. */
  readonly inputSchema: JsonSchema;
  readonly idempotent: boolean;
  /** What a person has to agree to before it runs. */
  readonly confirm?: string;
  /** The errors the vendor documents. */
  readonly errors: readonly { readonly status: readonly number[]; readonly message?: string }[];
  /** Whether its reply can be had as events. */
  readonly events: boolean;
}
/** A destination as a CDP's forms need it. */
export const catalogueEntry = ({ manifest, config, operations, check }: AnyDestination): CatalogueEntry => ({
  manifest,
  configSchema: formSchema(config),
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
      ...(typeof means !== 'function' && 'reason' in means ? { message: means.reason.message } : {}),
    })),
    events: definition.events !== undefined,
  })),
  check:
    check === undefined || 'none' in check
      ? { kind: 'unsupported', message: check?.none ?? noCheck }
      : { kind: 'request', proves: check.proves },
});

const formSchema = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
