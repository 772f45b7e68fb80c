import { isDeepStrictEqual } from 'node:util';
import {
  absoluteUrl,
  decisionKinds,
  reasonCodes,
  type AnyDestination,
  type Batch,
  type DefinedDestination,
  type HttpRequest,
  type RetryDecision,
} from '../../core/api/index.ts';
import { deepFreeze } from './deep-freeze.ts';
import { notJson } from './not-json.ts';
import { tag, type Tagged } from './tag.ts';

/** A definition under observation: it behaves as before, and what it does against its contract is written down. */
export interface Watch extends Tagged {
  readonly violations: readonly string[];
}

type Definition = DefinedDestination<unknown, unknown, unknown>;

/** Every pure function is called twice with frozen input; it must answer the same, and not by a promise. */
export function watch(watched: AnyDestination, compressed: boolean): Watch {
  const vendor = watched as Definition;
  const violations: string[] = [];
  const note = (violation: string): void => {
    if (!violations.includes(violation)) violations.push(violation);
  };

  function twice<R>(name: string, call: () => R, again = call): R {
    try {
      const result = call();
      if (typeof (result as { then?: unknown } | undefined)?.then === 'function') note(`${name} is not synchronous`);
      if (!isDeepStrictEqual(result, again())) note(`${name} gives two answers to the same question`);
      return result;
    } catch (error) {
      note(
        `${name} throws ${error instanceof Error ? `${error.name}: ${error.message.slice(0, 200)}` : String(error)}`,
      );
      throw error;
    }
  }
  const judged = (name: string, decision: RetryDecision): void => {
    const problem = unfitDecision(decision);
    if (problem !== undefined) note(`${name} ${problem}`);
  };

  const { validate, transform, encode, request, response } = vendor;
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
      const made = twice(
        'transform()',
        () => transform(event, deepFreeze(config), context),
        () => transform(event, config, silent),
      );
      const lost = made.kind === 'payload' ? notJson(made.payload) : undefined;
      if (lost !== undefined)
        note(`transform() puts ${lost.what} at "${lost.path}" of a payload, which JSON cannot carry`);
      return made;
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
          request: ((batch, config, prepared) => {
            const made = twice('request()', () => request(deepFreezeBatch(batch), config, prepared));
            for (const problem of unfitRequest(made, vendor.manifest.hosts)) note(`request() ${problem}`);
            return made;
          }) satisfies Definition['request'],
        }),
    response: {
      ...response,
      classifyError(failure, batch) {
        const decision = twice('classifyError()', () => response.classifyError(failure, batch));
        judged('classifyError()', decision);
        return decision;
      },
      ...(response.readReply === undefined
        ? {}
        : {
            readReply(exchange, batch) {
              const decisions = twice('readReply()', () => response.readReply?.(exchange, batch));
              if (decisions !== undefined && decisions.length !== batch.items.length) {
                note(`readReply() gives ${decisions.length} decisions for ${batch.items.length} items`);
              }
              for (const decision of decisions ?? []) judged('readReply()', decision);
              return decisions;
            },
          }),
    } satisfies Definition['response'],
  };
  return { ...tag(definition as AnyDestination, compressed), violations };
}

/** The runtime keeps notes on its deliveries; what the vendor made of an event is frozen, not the notebook. */
function deepFreezeBatch(batch: Batch<unknown>): Batch<unknown> {
  for (const { payload } of batch.items) deepFreeze(payload);
  return batch;
}

function unfitDecision(decision: RetryDecision): string | undefined {
  if (!decisionKinds.includes(decision?.kind)) return `decides ${JSON.stringify(decision)}, which is no RetryDecision`;
  if (decision.kind === 'accept') return undefined;
  return reasonCodes.includes(decision.reason?.code) ? undefined : `decides ${decision.kind} without a known reason`;
}

function unfitRequest({ url, headers }: HttpRequest, hosts: readonly string[]): readonly string[] {
  const parsed = absoluteUrl(url);
  if (parsed === undefined) return ['does not give an absolute http(s) URL'];
  const { protocol, hostname, username, password } = parsed;
  return [
    ...(protocol === 'https:' ? [] : [`goes by ${protocol} instead of https:`]),
    ...(hosts.includes(hostname) ? [] : [`goes to ${hostname}, which manifest.hosts does not name`]),
    ...(username === '' && password === '' ? [] : ['puts credentials into the URL']),
    ...Object.keys(headers)
      .filter((name) => name !== name.toLowerCase())
      .map((name) => `writes the header ${name} in capitals`),
  ];
}
