import type { AuthScheme } from './choices.ts';
import type { FolderOptions } from './folder-options.ts';

/** What the options make of the template. */
export interface TemplateVariant {
  /** The tags of the regions and files that stay; see render-template.ts. */
  readonly tags: ReadonlySet<string>;
  /** Texts of the template's code that stand for the variant `bearer`, `array` and `none`, and what replaces them. */
  readonly texts: readonly (readonly [text: string, replacement: string])[];
  /** The settings of the cases besides the account. */
  readonly settings: Readonly<Record<string, string>>;
  /** The headers of the cases' requests. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body of a case's request, given its events. */
  readonly bodyOf: (events: readonly Readonly<Record<string, unknown>>[]) => unknown;
}

/** How an authentication looks in a case, and the header in the code of request. */
interface Credentials {
  readonly settings: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly code?: string;
  /** What that code needs of the vendor API. */
  readonly imports?: string;
}

const bearerCode = 'authorization: `Bearer ${config.token}`,';
/** The beginning that the import has with and without its types. */
const requestImport = 'import { jsonArray, jsonList';
const key = 'key-example-1';

const credentials: Readonly<Record<AuthScheme, (header: string) => Credentials>> = {
  none: () => ({ settings: {} }),
  bearer: () => ({ settings: { token: 'token-example' }, headers: { authorization: 'Bearer token-example' } }),
  basic: () => ({
    settings: { username: 'user-example', password: 'password-example' },
    headers: { authorization: `Basic ${Buffer.from('user-example:password-example').toString('base64')}` },
    code: 'authorization: basicAuth(config.username, config.password),',
    imports: 'basicAuth',
  }),
  header: (header) => ({
    settings: { apiKey: key },
    headers: { [header]: key },
    // Prettier puts a name in quotes where another of the object needs them, and content-type does.
    code: `'${header}': config.apiKey,`,
  }),
  body: () => ({ settings: { apiKey: key } }),
};

const formType = 'application/x-www-form-urlencoded';

/** Everything that the choices change in the template. */
export function templateVariant(options: FolderOptions): TemplateVariant {
  const { auth, authHeader, authField, body, listName, verdicts } = options;
  const { settings, headers = {}, code, imports } = credentials[auth](authHeader);
  const several = body === 'array' || body === 'list';
  const keyed = auth === 'body';
  const contentType = body === 'form' ? formType : 'application/json';
  const capital = body.replace(/^./, (letter) => letter.toUpperCase());
  return {
    tags: new Set([
      auth === 'none' ? 'noAuth' : auth,
      body,
      ...(verdicts === 'none' ? ['allOrNone'] : verdicts === 'all' ? ['allOrNone', 'all'] : [verdicts]),
      `${keyed ? 'keyed' : 'plain'}${capital}`,
      ...(several && verdicts === 'none' ? ['open'] : []),
      ...(verdicts === 'index' || verdicts === 'count' ? ['singleReply'] : []),
      ...(body === 'form' || (body === 'json' && keyed) ? ['encoding'] : []),
    ]),
    texts: [
      ...(several ? [] : ([[manyLimits, singleLimits]] as const)),
      ...(contentType === formType
        ? ([["'content-type': 'application/json'", `'content-type': '${formType}'`]] as const)
        : []),
      ...(code === undefined ? [] : ([[bearerCode, code]] as const)),
      ...(imports === undefined ? [] : ([[requestImport, requestImport.replace('{', `{ ${imports},`)]] as const)),
      ...(verdicts === 'id' ? [] : ([['out.payload({ key: id })', 'out.payload()']] as const)),
    ],
    settings,
    headers: { 'content-type': contentType, ...headers },
    bodyOf: (events) => {
      const beside = keyed ? { [authField]: key } : {};
      if (body === 'array') return events;
      if (body === 'list') return { ...beside, ...nested(listName, events) };
      const single = { ...beside, ...events[0] };
      return body === 'json'
        ? single
        : Object.fromEntries(Object.entries(single).map(([name, value]) => [name, String(value)]));
    },
  };
}

/** The value at a dotted path: `data.events` is `{"data": {"events": value}}`. */
const nested = (path: string, value: unknown): Readonly<Record<string, unknown>> =>
  path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Readonly<
    Record<string, unknown>
  >;

const manyLimits = 'maxItems: 100, maxBytes: 1_000_000, maxAgeMs: 1_000';
/** One event per request: no frame, and no answer about several events. */
const singleLimits = 'maxItems: 1, maxBytes: 100_000, maxAgeMs: 0';
