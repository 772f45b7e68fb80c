import { isDeepStrictEqual } from 'node:util';
import {
  absoluteUrl,
  decisionKinds,
  reasonCodes,
  type AnyDestination,
  type Batch,
  type DefinedDestination,
  type HttpRequest,
  type ResponseHandler,
  type RetryDecision,
} from '../../api/index.ts';
import { deepFreeze } from './deep-freeze.ts';
import { notJson } from './not-json.ts';
import { tagBatches, type TaggedDefinition } from './tag-batches.ts';

/** A definition under observation: it behaves as before, and every breach of its contract is recorded. */
export interface ObservedDefinition extends TaggedDefinition {
  readonly violations: readonly string[];
}

type Definition = DefinedDestination<unknown, unknown, unknown>;

/** Calls every pure function twice with frozen input: it must return the same both times, and not a promise. */
export function assertPure(destination: AnyDestination, compressed: boolean): ObservedDefinition {
  const vendor = destination as Definition;
  const violations: string[] = [];
  const note = (violation: string): void => {
    if (!violations.includes(violation)) violations.push(violation);
  };

  function twice<R>(name: string, call: () => R, repeat = call): R {
    try {
      const result = call();
      if (typeof (result as { then?: unknown } | undefined)?.then === 'function') note(`${name} is not synchronous`);
      if (!isDeepStrictEqual(result, repeat())) note(`${name} gives two answers to the same question`);
      return result;
    } catch (error) {
      note(
        `${name} throws ${error instanceof Error ? `${error.name}: ${error.message.slice(0, 200)}` : String(error)}`,
      );
      throw error;
    }
  }
  const checkDecision = (name: string, decision: RetryDecision): void => {
    const problem = decisionProblem(decision);
    if (problem !== undefined) note(`${name} ${problem}`);
  };

  const checkRequest = (name: string, built: HttpRequest): HttpRequest => {
    for (const problem of requestProblems(built, vendor.manifest.hosts)) note(`${name} ${problem}`);
    return built;
  };

  /** The functions of a response handler, or of a part of one, that decide. */
  const observed = ({
    classifyError,
    readReply,
  }: Partial<ResponseHandler<unknown>>): Partial<ResponseHandler<unknown>> => ({
    ...(classifyError === undefined
      ? {}
      : {
          classifyError(failure, batch) {
            const decision = twice('classifyError()', () => classifyError(failure, batch));
            checkDecision('classifyError()', decision);
            return decision;
          },
        }),
    ...(readReply === undefined
      ? {}
      : {
          readReply(exchange, batch) {
            const decisions = twice('readReply()', () => readReply(exchange, batch));
            if (decisions !== undefined && decisions.length !== batch.items.length) {
              note(`readReply() gives ${decisions.length} decisions for ${batch.items.length} items`);
            }
            for (const decision of decisions ?? []) checkDecision('readReply()', decision);
            return decisions;
          },
        }),
  });

  const { validate, transform, encode, request, requestFor, response, responseFor } = vendor;
  const definition = {
    ...vendor,
    ...(validate === undefined
      ? {}
      : {
          validate: ((event, config, context) =>
            twice('validate()', () => validate(event, deepFreeze(config), context))) satisfies Definition['validate'],
        }),
    transform: ((event, config, context) => {
      const { trace: _, ...silent } = context;
      const transformed = twice(
        'transform()',
        () => transform(event, deepFreeze(config), context),
        () => transform(event, config, silent),
      );
      const lost = transformed.kind === 'payload' ? notJson(transformed.payload) : undefined;
      if (lost !== undefined)
        note(`transform() puts ${lost.what} at "${lost.path}" of a payload, which JSON cannot carry`);
      return transformed;
    }) satisfies Definition['transform'],
    ...(encode === undefined
      ? {}
      : {
          encode: ((payload, config) =>
            twice('encode()', () => encode(deepFreeze(payload), config))) satisfies Definition['encode'],
        }),
    ...(request === undefined
      ? {}
      : {
          request: ((config, prepared) => {
            const built = twice('request()', () => request(deepFreeze(config), prepared));
            if (built?.body !== undefined || built?.method === 'GET')
              note('request() makes a body or a GET, and is made once for all batches; use requestFor()');
            return checkRequest('request()', built);
          }) satisfies Definition['request'],
        }),
    ...(requestFor === undefined
      ? {}
      : {
          requestFor: ((batch, config, prepared) =>
            checkRequest(
              'requestFor()',
              twice('requestFor()', () => requestFor(deepFreezeBatch(batch), config, prepared)),
            )) satisfies Definition['requestFor'],
        }),
    response: { ...response, ...observed(response) } satisfies Definition['response'],
    ...(responseFor === undefined
      ? {}
      : {
          responseFor: ((config, prepared) => {
            const parts = responseFor(deepFreeze(config), prepared);
            return { ...parts, ...observed(parts) };
          }) satisfies Definition['responseFor'],
        }),
  };
  return { ...tagBatches(definition as AnyDestination, compressed), violations };
}

/** Freezes the payloads only: the runtime writes to its own fields of a delivery. */
function deepFreezeBatch(batch: Batch<unknown>): Batch<unknown> {
  for (const { payload } of batch.items) deepFreeze(payload);
  return batch;
}

function decisionProblem(decision: RetryDecision): string | undefined {
  if (!decisionKinds.includes(decision?.kind))
    return `decides ${JSON.stringify(decision)}, which is not a RetryDecision`;
  if (decision.kind === 'accept') return undefined;
  return reasonCodes.includes(decision.reason?.code) ? undefined : `decides ${decision.kind} without a known reason`;
}

function requestProblems({ url, headers }: HttpRequest, hosts: AnyDestination['manifest']['hosts']): readonly string[] {
  const parsed = absoluteUrl(url);
  if (parsed === undefined) return ['does not give an absolute http(s) URL'];
  const { protocol, hostname, username, password } = parsed;
  return [
    ...(protocol === 'https:' ? [] : [`goes by ${protocol} instead of https:`]),
    // Origins that settings name are checked by the runtime, against those that the kit allows.
    ...(hosts === 'origins' || hosts.includes(hostname)
      ? []
      : [`goes to ${hostname}, which manifest.hosts does not name`]),
    ...(username === '' && password === '' ? [] : ['puts credentials into the URL']),
    ...Object.keys(headers)
      .filter((name) => name !== name.toLowerCase())
      .map((name) => `writes the header ${name} in capitals`),
  ];
}
