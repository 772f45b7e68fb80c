import {
  accept,
  asText,
  decide,
  errorMessage,
  errorTable,
  isObject,
  jsonValue,
  usualRefusal,
  verdictsByPosition,
  type JsonValue,
  type ResponseHandler,
} from 'spillway/api';
import type { Config } from './config.ts';
import type { PinterestEvent } from './mapping.ts';

const noPermission = decide('suspend', 'unauthorized', 'The token may not send conversions to this ad account');
const validatedOnly = decide('skip', 'validated_only', 'Test mode: Pinterest checked the event and did not record it');
const refusal = (vendorMessage?: string) =>
  decide('reject', 'vendor_rejected', 'Pinterest could not process the event', { vendorMessage });
const partTaken = decide('split', 'vendor_rejected', 'Pinterest did not process all events and does not say which', {
  ambiguous: true,
});

export const response: ResponseHandler<PinterestEvent> = errorTable<PinterestEvent>({
  messageOf: errorMessage('message'),
  rows: [
    { status: 403, code: '29', means: noPermission },
    // Without verdicts, some of the events may be in (PINTEREST-42).
    { status: 422, means: (_, { items }) => (items.length === 1 ? refusal() : partTaken) },
  ],
});

export const responseFor = ({ testMode }: Config): Partial<ResponseHandler<PinterestEvent>> => ({
  /** One verdict per event, in their order (PINTEREST-40); a 422 has them in its `details` (PINTEREST-42). */
  readReply({ response: { status, body, cut } }, batch) {
    const answer = cut === true ? undefined : jsonValue(body);
    const results = status === 422 && isObject(answer) ? answer['details'] : status === 200 ? answer : undefined;
    if (!isObject(results) || usualRefusal(results, 'top') !== undefined) return undefined;
    const { num_events_received: received, num_events_processed: taken, events } = results;
    if (!Array.isArray(events)) return undefined;
    const fits = received === batch.items.length && taken === events.filter(isProcessed).length;
    return verdictsByPosition(batch, fits ? (events as readonly JsonValue[]) : [], (entry) => {
      if (isProcessed(entry)) return testMode ? validatedOnly : accept();
      return isObject(entry) && entry['status'] === 'failed'
        ? refusal(asText(entry['error_message'] ?? ''))
        : undefined;
    });
  },
});

const isProcessed = (entry: unknown): boolean => isObject(entry) && entry['status'] === 'processed';
