import { reject, type Admission, type Transformed, type Unsent } from '../../api/delivery.ts';
import type { TransformContext } from '../../api/destination.ts';
import type { CdpEvent } from '../../api/event.ts';
import { eventClock, eventTime } from '../../api/events/event-time.ts';
import type { Note } from '../../api/outcome.ts';
import type { PreparedEvent } from '../batching/pending-delivery.ts';
import { applyRules } from './apply-rules.ts';
import { BoundedNotes } from './bounded-notes.ts';
import { defect, type ConnectionContext } from '../connection-context.ts';
import type { EventInput } from './event-input.ts';
import { invalidReturn, isReason } from '../invalid-return.ts';

/**
 * Runs the gate, the connection's rules, validate, transform and encode. Never throws: a fault of a vendor folder
 * rejects this event alone.
 *
 * @internal
 */
export function preparePayload(
  context: ConnectionContext,
  input: EventInput,
  transformContext: TransformContext,
): PreparedEvent {
  const { vendor, gate, rules } = context;
  try {
    const entry = gate.enter(input.event, input.text);
    if (entry.kind === 'skipped' || entry.kind === 'rejected') return entry;
    let event = input.event as CdpEvent;
    let early: readonly Note[] | undefined;
    if (entry.kind === 'normalized') ({ event, notes: early } = entry);
    if (rules !== undefined) {
      const ruled = applyRules(context, rules, event, input);
      if (ruled.kind !== 'ruled') return ruled;
      ({ event } = ruled);
      if (ruled.notes !== undefined) early = [...(early ?? []), ...ruled.notes];
      input.stage = 'gate';
    }
    const refusal = gate.refuseType(event.type);
    if (refusal !== undefined) return refusal;
    input.stage = 'validate';
    const read = input.trace === undefined ? event : input.trace.watched(event);
    const validation = vendor.validate(read, vendor.settings, transformContext);
    if (isRefusal(validation)) return maskedRefusal(context, validation, event);
    if (validation?.kind !== 'admitted') throw invalidReturn(validation, 'validate() did not return an admission');
    input.stage = 'transform';
    const transformed = vendor.transform(read, vendor.settings, transformContext);
    if (isRefusal(transformed)) return maskedRefusal(context, transformed, event);
    if (!isPayload(transformed)) throw invalidReturn(transformed, 'transform() made neither payload nor reason');
    const output = hasEachLaneOnce(transformed) ? transformed : { ...transformed, lanes: lanesOnce(transformed.lanes) };
    input.stage = 'encode';
    const text = vendor.encode(output.payload);
    if (typeof text !== 'string') throw invalidReturn(text, 'the payload has no text');
    const bytes = Buffer.byteLength(text);
    const { maxBytes, maxItemBytes } = vendor.limits;
    if (maxItemBytes !== undefined && bytes > maxItemBytes) return tooLargeFor(maxItemBytes);
    if (bytes + vendor.framing.around > maxBytes) return tooLarge;
    const time = eventTime(event);
    if (output.lanes !== undefined && vendor.manifest.laneOrder === 'eventTime' && output.occurredAt !== time)
      throw invalidReturn(output, 'occurredAt is not the time of the event, as laneOrder says');
    const ahead = time !== undefined && time > transformContext.now + mostAheadMs ? aheadNote(event) : undefined;
    if (output.notes === undefined && (early === undefined || early.length === 0) && ahead === undefined)
      return { kind: 'payload', output, text, bytes };
    const sentences = context.redactor.ownSentences(event);
    const notes = [
      ...(early ?? []).map((note) => ({ ...note, field: shownPath(note.field, sentences) })),
      ...(output.notes === undefined ? [] : shownNotes(output.notes, sentences)),
      ...(ahead === undefined ? [] : [ahead]),
    ];
    return { kind: 'payload', output: { ...output, notes }, text, bytes };
  } catch (error) {
    defect(context, input.stage, error);
    return internalError;
  }
}

/** Masks values of the event in the folder's sentence about it. */
function maskedRefusal(context: ConnectionContext, refusal: Unsent, event: unknown): Unsent {
  const { reason } = refusal;
  const sentences = context.redactor.ownSentences(event);
  const message = sentences(reason.message);
  const field = reason.field && shownPath(reason.field, sentences);
  if (message === reason.message && field === reason.field) return refusal;
  return { ...refusal, reason: { ...reason, message, ...(field && { field }) } };
}

/** A clock that is more than this fast is wrong. */
const mostAheadMs = 3_600_000;

const aheadNote = (event: CdpEvent): Note => ({
  code: 'unadvised',
  field: eventClock(event) ?? 'timestamp',
  message:
    'The time of the event lies more than an hour ahead: vendors drop such events, or take them for the last word',
});

type Sentences = ReturnType<ConnectionContext['redactor']['ownSentences']>;

/** The folder's notes without values of the event: its paths may hold names that the event chose. */
function shownNotes(own: readonly Note[], sentences: Sentences): readonly Note[] {
  const notes = new BoundedNotes();
  for (const note of own) notes.add(note);
  return notes.list((note) => {
    const message = sentences(note.message);
    const field = shownPath(note.field, sentences);
    const payloadField = note.payloadField && shownPath(note.payloadField, sentences);
    if (message === note.message && field === note.field && payloadField === note.payloadField) return note;
    return { ...note, message, field, ...(payloadField && { payloadField }) };
  });
}

/** Of a path so much is read, and so much is shown. */
const [longestRead, longestShown] = [4_000, 300];

function shownPath(path: string, sentences: Sentences): string {
  if (typeof path !== 'string' || path.length <= longestShown) return sentences(path);
  const text = sentences(path.slice(0, longestRead));
  return text.length <= longestShown ? text : `${Array.from(text.slice(0, longestShown)).slice(0, -1).join('')}…`;
}

const isRefusal = (verdict: Admission | Transformed<unknown>): verdict is Extract<Admission, { reason: unknown }> =>
  (verdict?.kind === 'skipped' || verdict?.kind === 'rejected') && isReason(verdict.reason);

function isPayload(output: Transformed<unknown>): output is Extract<Transformed<unknown>, { kind: 'payload' }> {
  if (output?.kind !== 'payload' || output.payload === undefined) return false;
  const { group, lanes, key, occurredAt, scopes, notes } = output;
  return (
    (group === undefined || typeof group === 'string') &&
    (lanes === undefined || (Array.isArray(lanes) && lanes.every((lane) => typeof lane === 'string'))) &&
    (key === undefined || typeof key === 'string') &&
    (occurredAt === undefined || Number.isFinite(occurredAt)) &&
    (scopes === undefined || Array.isArray(scopes)) &&
    (notes === undefined || (Array.isArray(notes) && notes.every((note) => typeof note?.code === 'string')))
  );
}

type Lanes = readonly string[] | undefined;

function hasEachLaneOnce({ lanes }: { readonly lanes?: Lanes }): boolean {
  if (lanes === undefined || lanes.length === 0) return lanes === undefined;
  for (let place = 1; place < lanes.length; place++) if (lanes.indexOf(lanes[place] as string) < place) return false;
  return true;
}

/** A folder may name a lane twice, where two identifiers have one value; an empty list is no lane. */
const lanesOnce = (lanes: Lanes): Lanes =>
  lanes === undefined || lanes.length === 0 ? undefined : [...new Set(lanes)];

const tooLarge = reject('payload_too_large', 'The payload alone is larger than one request may be');
const tooLargeFor = (bytes: number): Unsent =>
  reject('payload_too_large', `The payload is larger than the ${bytes} bytes that one event may have`);
const internalError = reject('internal_error', 'A defect in the connector stopped this event');
