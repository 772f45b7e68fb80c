import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { fullFormats } from 'ajv-formats/dist/formats.js';

type Json = Readonly<Record<string, unknown>>;

export interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly operationId: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Json[];
  readonly requestBody?: Json;
  readonly responses: Readonly<Record<string, Json>>;
}

/** An API description, as far as a test looks at it. */
export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>;
    readonly responses: Readonly<Record<string, Json>>;
  };
}

/** `GET /healthz` and its description, for each route. */
export const operationsOf = ({ paths }: Description): ReadonlyMap<string, Operation> =>
  new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
    ),
  );

/** Objects whose members are listed may have no others, so that a member nobody described is found. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([name, value]) => [name, closed(value)] as const);
  const { type, properties, additionalProperties } = schema as Json;
  const isListed = properties !== undefined && additionalProperties === undefined && [type].flat()[0] === 'object';
  return Object.fromEntries(isListed ? [...entries, ['additionalProperties', false]] : entries);
}

/** Compares answers with what the description says of them. */
export class DescribedAnswers {
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #description: Description;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, formats: fullFormats });

  constructor(description: Description) {
    this.#description = description;
    this.#operations = operationsOf(description);
  }

  /** What is wrong with an answer of a route; nothing where it is as described. Reads the body. */
  async faultsOf(route: string, response: Response): Promise<readonly string[]> {
    const operation = this.#operations.get(route);
    const described = this.#resolved(operation?.responses[String(response.status)]);
    if (described === undefined) return [`${route} does not describe ${response.status}`];
    const mediaType = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
    const content = described['content'] as Readonly<Record<string, { readonly schema: Json }>>;
    const schema = content[mediaType]?.schema;
    if (schema === undefined) return [`${route} does not describe ${mediaType} for ${response.status}`];
    const validate = this.#ajv.compile(
      closed({ ...schema, components: this.#description.components }) as Json,
    ) as ValidateFunction;
    const values = await valuesOf(mediaType, response);
    if (values.length === 0) return [`${route} answered nothing`];
    return values.flatMap((value) =>
      validate(value) ? [] : [`${route} ${response.status}: ${this.#ajv.errorsText(validate.errors)}`],
    );
  }

  /** The examples of the description, and what is wrong with each. */
  faultsOfExamples(): readonly (readonly string[])[] {
    return examplesIn(this.#description).map(([schema, example]) => {
      const validate = this.#ajv.compile({ ...schema, components: this.#description.components });
      return validate(example) ? [] : [`${JSON.stringify(example)}: ${this.#ajv.errorsText(validate.errors)}`];
    });
  }

  #resolved(response: Json | undefined): Json | undefined {
    const name = /^#\/components\/responses\/(.+)$/.exec(String(response?.['$ref']))?.[1];
    return name === undefined ? response : this.#description.components.responses[name];
  }
}

/** Each example with its schema. */
function examplesIn(part: unknown): readonly (readonly [Json, unknown])[] {
  if (typeof part !== 'object' || part === null) return [];
  const { examples } = part as Json;
  const own = Array.isArray(examples) ? examples.map((example) => [part as Json, example as unknown] as const) : [];
  return [...own, ...Object.values(part).flatMap(examplesIn)];
}

/** The first message of an event stream, each line of NDJSON, or all there is. */
async function valuesOf(mediaType: string, response: Response): Promise<readonly unknown[]> {
  if (mediaType === 'text/event-stream') {
    const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    const { value = '' } = await reader.read();
    await reader.cancel();
    return [JSON.parse(/^data: (.*)$/m.exec(value)?.[1] ?? 'null')];
  }
  const text = await response.text();
  if (mediaType === 'text/plain') return [text];
  if (mediaType !== 'application/x-ndjson') return [JSON.parse(text)];
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}
