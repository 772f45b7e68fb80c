import type { Batch } from '../api/delivery.ts';
import type { EventOrText } from '../api/event.ts';
import type { HttpRequest } from '../api/failure.ts';
import type { Note, Reason } from '../api/outcome.ts';
import { defect, type ConnectionContext } from './connection-context.ts';
import { prepareEvent, readInput, type IntakeStage } from './intake/prepare-event.ts';
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
      /** The event path that each payload field came from, in the order of setting. */
      readonly fields: readonly { readonly field: string; readonly source: string }[];
      /** What the mapping dropped, coerced or truncated. */
      readonly notes: readonly Note[];
      readonly group?: string;
      readonly lane?: string;
      readonly scopes?: readonly string[];
    }
  | { readonly kind: 'skipped' | 'rejected'; readonly stage: IntakeStage; readonly reason: Reason };

/**
 * Takes an event the real way as far as the request, and sends nothing.
 *
 * @internal
 */
export async function preview(context: ConnectionContext, event: EventOrText): Promise<Preview> {
  const { vendor, redactor, clock } = context;
  const sources = new Map<string, string>();
  const notes: Note[] = [];
  const input = readInput(event);
  const trace = {
    from: (field: string, source: string): void => void sources.set(field, source),
    note: (note: Note): void => void notes.push(note),
  };
  const transformContext = { now: clock.now(), prepared: vendor.prepared, trace };
  const prepared = prepareEvent(context, input, transformContext);
  if (prepared.kind !== 'payload') return { kind: prepared.kind, stage: input.stage, reason: prepared.reason };

  const { output, text, bytes } = prepared;
  const { kind: _kind, notes: ownNotes, ...parts } = output;
  const delivery = { index: 0, eventId: '', ...parts, text, bytes };
  const request = await requestOf(context, { group: output.group, lane: output.lane, items: [delivery] });
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
    fields: [...sources].map(([field, source]) => ({ field, source })),
    notes: [...(ownNotes ?? []), ...notes],
    ...defined({ group: output.group, lane: output.lane, scopes: output.scopes }),
  };
}

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
