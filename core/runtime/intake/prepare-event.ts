import { reject, type Admission, type Transformed } from '../../api/delivery.ts';
import type { TransformContext } from '../../api/destination.ts';
import type { CdpEvent } from '../../api/event.ts';
import type { Note } from '../../api/outcome.ts';
import { defect, type ConnectionContext } from '../connection-context.ts';
import { invalidReturn } from '../invalid-return.ts';
import type { PreparedEvent } from '../batching/pending-delivery.ts';
import { isReason } from '../invalid-return.ts';

export type Stage = 'gate' | 'validate' | 'transform' | 'encode';

/** How far an event got; kept up to date, so that a throw says where it was. */
export interface Progress {
  stage: Stage;
}

/** Gate, validate, transform, encode. Never throws: what a vendor folder throws or makes up is that event's alone. */
export function prepareEvent(
  context: ConnectionContext,
  event: unknown,
  at: TransformContext,
  progress: Progress = { stage: 'gate' },
): PreparedEvent {
  const { vendor } = context;
  try {
    const passed = context.gate(event);
    if (passed.kind !== 'admitted') return passed;
    progress.stage = 'validate';
    const admitted = vendor.validate(event as CdpEvent, vendor.settings, at);
    if (isRefusal(admitted)) return toldOf(context, admitted, event);
    if (admitted?.kind !== 'admitted') throw invalidReturn(admitted, 'validate() did not return an admission');
    progress.stage = 'transform';
    const made = vendor.transform(event as CdpEvent, vendor.settings, at);
    if (isRefusal(made)) return toldOf(context, made, event);
    if (!isPayload(made)) throw invalidReturn(made, 'transform() made neither payload nor reason');
    progress.stage = 'encode';
    const text = vendor.encode(made.payload);
    if (typeof text !== 'string') throw invalidReturn(text, 'the payload has no text');
    const bytes = Buffer.byteLength(text);
    if (bytes + vendor.framing.around > vendor.limits.maxBytes) return tooLarge;
    const { notes } = made;
    return { kind: 'payload', made: notes === undefined ? made : withNotes(context, made, event), text, bytes };
  } catch (error) {
    defect(context, progress.stage, error);
    return broken;
  }
}

type Unsent = Extract<Admission, { reason: unknown }>;

/** The folder's sentence about one event: a value of the event in it is masked. */
function toldOf(context: ConnectionContext, refusal: Unsent, event: unknown): Unsent {
  const { reason } = refusal;
  const message = context.redactor.ownSentence(reason.message, event);
  const field = reason.field && context.redactor.ownSentence(reason.field, event);
  if (message === reason.message && field === reason.field) return refusal;
  return { ...refusal, reason: { ...reason, message, ...(field && { field }) } };
}

function withNotes(
  context: ConnectionContext,
  made: Extract<Transformed<unknown>, { kind: 'payload' }>,
  event: unknown,
) {
  const { redactor } = context;
  const isPlain = ({ message, field }: Note): boolean =>
    redactor.ownSentence(message, event) === message && redactor.ownSentence(field, event) === field;
  const { notes = [] } = made;
  if (notes.every(isPlain)) return made;
  const shown = notes.map((note) => ({
    ...note,
    message: redactor.ownSentence(note.message, event),
    field: redactor.ownSentence(note.field, event),
  }));
  return { ...made, notes: shown };
}

const isRefusal = (verdict: Admission | Transformed<unknown>): verdict is Extract<Admission, { reason: unknown }> =>
  (verdict?.kind === 'skipped' || verdict?.kind === 'rejected') && isReason(verdict.reason);

function isPayload(made: Transformed<unknown>): made is Extract<Transformed<unknown>, { kind: 'payload' }> {
  if (made?.kind !== 'payload' || made.payload === undefined) return false;
  const { group, lane, key, occurredAt, scopes, notes } = made;
  return (
    (group === undefined || typeof group === 'string') &&
    (lane === undefined || typeof lane === 'string') &&
    (key === undefined || typeof key === 'string') &&
    (occurredAt === undefined || Number.isFinite(occurredAt)) &&
    (scopes === undefined || Array.isArray(scopes)) &&
    (notes === undefined || (Array.isArray(notes) && notes.every((note) => typeof note?.code === 'string')))
  );
}

const tooLarge = reject('payload_too_large', 'The payload alone is larger than one request may be');
const broken = reject('internal_error', 'A defect in the connector stopped this event');
