import type { Batch } from '../api/delivery.ts';
import type { EventOrText } from '../api/event.ts';
import type { HttpRequest } from '../api/failure.ts';
import type { Note, Reason } from '../api/outcome.ts';
import type { Mapping } from '../mapping/compile-mapping.ts';
import { parsePath } from '../mapping/event-path.ts';
import type { FailedPart } from '../mapping/fql/explain-query.ts';
import type { MappingTrace } from '../mapping/mapping-trace.ts';
import { defect, type ConnectionContext } from './connection-context.ts';
import type { EventRules } from './event-rules.ts';
import { createEventTrace, pathsOf, type EventTrace } from './intake/event-trace.ts';
import { readInput, type IntakeStage } from './intake/event-input.ts';
import { preparePayload } from './intake/prepare-payload.ts';
import { firstRequestOf } from './sending/custom-send.ts';

/**
 * What would be sent for one event, and where it came from; or what stops the event, and at which stage. Credentials
 * are masked.
 */
export type Preview =
  | {
      readonly kind: 'request';
      readonly request: {
        readonly method: HttpRequest['method'];
        readonly url: string;
        readonly headers: Readonly<Record<string, string>>;
        /** The body before compression. */
        readonly body: string;
        readonly compress?: 'gzip';
      };
      /**
       * The event path that each payload field came from, in the order of setting; and, where the connection's mapping
       * wrote there, the paths that the mapping read.
       */
      readonly fields: readonly {
        readonly field: string;
        readonly source: string;
        readonly mappedFrom?: readonly string[];
      }[];
      /** What was dropped, coerced or truncated, and rows of the mapping that did not fit. */
      readonly notes: readonly Note[];
      readonly group?: string;
      readonly lanes?: readonly string[];
      readonly scopes?: readonly string[];
      /** What the connection's mapping did, if it has one. */
      readonly mapping?: PreviewedMapping;
      /** The paths of the event, as it was handed over, that neither the connection's rules nor the vendor took up. */
      readonly unread: readonly string[];
    }
  | {
      readonly kind: 'skipped' | 'rejected';
      readonly stage: IntakeStage;
      readonly reason: Reason;
      /** The parts of the subscription that are false for the event, if that is why. They tell types, never values. */
      readonly failed?: readonly FailedPart[];
      /** What the connection's mapping did before, if it did anything. */
      readonly mapping?: MappingTrace;
    };

/** What a mapping did to an event that would be sent, and what of it was in vain. */
export interface PreviewedMapping extends MappingTrace {
  /** The paths that the mapping wrote and the vendor did not take up: perhaps it reads another name. */
  readonly unread: readonly string[];
  /** The paths of `unset` that the event does not have. */
  readonly absent: readonly string[];
}

/**
 * Takes an event the real way as far as the request, and sends nothing.
 *
 * @internal
 */
export async function preview(context: ConnectionContext, event: EventOrText): Promise<Preview> {
  const { vendor, redactor, clock } = context;
  const sources = new Map<string, string>();
  const notes: Note[] = [];
  const eventTrace = createEventTrace();
  const input = readInput(event, eventTrace);
  const trace = {
    from: (field: string, source: string): void => void sources.set(field, source),
    note: (note: Note): void => void notes.push(note),
  };
  const transformContext = { now: clock.now(), prepared: vendor.prepared, trace };
  const prepared = preparePayload(context, input, transformContext);
  if (prepared.kind !== 'payload')
    return {
      kind: prepared.kind,
      stage: input.stage,
      reason: prepared.reason,
      ...(eventTrace.failed.length === 0 ? {} : { failed: eventTrace.failed }),
      ...(Object.values(eventTrace.mapping).every(({ length }) => length === 0) ? {} : { mapping: eventTrace.mapping }),
    };

  const { output, text, bytes } = prepared;
  const { kind: _kind, notes: ownNotes, ...parts } = output;
  const delivery = { index: 0, eventId: '', ...parts, text, bytes };
  const request = await requestOf(context, { group: output.group, lanes: output.lanes, items: [delivery] });
  if (request === undefined) {
    return {
      kind: 'rejected',
      stage: 'encode',
      reason: { code: 'internal_error', message: 'No request could be made for this event' },
    };
  }
  return {
    kind: 'request',
    request: masked(request, redactor),
    fields: [...sources].map(([field, source]) => ({ field, source, ...mappedFrom(source, eventTrace) })),
    notes: [...(ownNotes ?? []), ...notes],
    ...defined({ group: output.group, lanes: output.lanes, scopes: output.scopes }),
    ...(context.rules?.mapping === undefined ? {} : { mapping: previewedMapping(context.rules.mapping, eventTrace) }),
    unread: unreadPaths(input.event as object, context.rules, eventTrace),
  };
}

/** The paths that the mapping read for what stands at a source, above it, or in it. A source may name several paths. */
function mappedFrom(source: string, { mapping }: EventTrace): { readonly mappedFrom?: readonly string[] } {
  const sources = source.split(', ');
  const rows = mapping.mapped.filter(({ target }) =>
    [target, dotted(target)].some((place) => sources.some((one) => isWithin(one, place) || isWithin(place, one))),
  );
  return rows.length === 0 ? {} : { mappedFrom: [...new Set(rows.flatMap(({ from }) => from))] };
}

/** A path as folders write it, whatever its names are: `properties.net price`. */
function dotted(path: string): string {
  const parsed = parsePath(path);
  return parsed.ok ? parsed.steps.join('.') : path;
}

function previewedMapping({ paths }: Mapping, trace: EventTrace): PreviewedMapping {
  const { mapped, removed } = trace.mapping;
  const isWritten = (path: string): boolean => mapped.some(({ target }) => isWithin(path, target));
  return {
    ...trace.mapping,
    unread: trace.unread().filter(isWritten).slice(0, mostUnread),
    absent: paths.removes.filter((path) => !removed.includes(path)),
  };
}

/** Of a large event so many are told. */
const mostUnread = 200;

function unreadPaths(event: object, rules: EventRules | undefined, trace: EventTrace): readonly string[] {
  const { mapped, unfit, nothing, removed } = trace.mapping;
  const readByRules = [
    ...(rules?.subscription?.paths ?? []),
    ...[...mapped, ...unfit, ...nothing].flatMap(({ from }) => from),
  ].map(anyElement);
  const ofRules = [...readByRules, ...removed];
  const isRead = (path: string): boolean =>
    readByCore.some((place) => isWithin(path, place)) ||
    ofRules.some((place) => isWithin(path, place)) ||
    (trace.isRead(path) && !mapped.some(({ target }) => isWithin(path, target)));
  return pathsOf(event)
    .filter((path) => !isRead(path))
    .slice(0, mostUnread);
}

/** What the gate and the outcome need of every event. */
const readByCore = ['type', 'messageId', 'integrations', 'context.consent', 'context.consentManagement'];

const anyElement = (path: string): string => path.replace(/\[\d+\]/g, '[]');

const isWithin = (path: string, place: string): boolean =>
  path === place || (path.startsWith(place) && (path[place.length] === '.' || path[place.length] === '['));

async function requestOf(context: ConnectionContext, batch: Batch<unknown>): Promise<HttpRequest | undefined> {
  const { vendor } = context;
  try {
    return vendor.ownSend === undefined ? vendor.request(batch) : await firstRequestOf(vendor, batch);
  } catch (error) {
    defect(context, 'send', error);
    return undefined;
  }
}

function masked(
  request: HttpRequest,
  redactor: ConnectionContext['redactor'],
): Extract<Preview, { kind: 'request' }>['request'] {
  const { method, url, headers, body = '', compress } = request;
  return {
    method,
    url: redactor.withoutSecrets(url),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, redactor.header(name, value)])),
    body: redactor.withoutSecrets(body),
    ...(compress === undefined ? {} : { compress }),
  };
}

const defined = <T extends object>(parts: T): { [K in keyof T]: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: NonNullable<T[K]>;
  };
