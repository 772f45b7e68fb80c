import { json, type Answer } from './answer.ts';
import type { RefusesItem } from './item-refusals.ts';
import type { ReceivedRequest } from './received-request.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from './server.ts';

/** An answer as a folder's contract records it: a body that is no text is sent as JSON. */
export interface RecordedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What a vendor with a recorded answer makes of one request. */
export interface RecordedVerdict {
  readonly answer: RecordedAnswer;
  /** Ids of the events that the answer says were taken. */
  readonly acceptedIds: readonly string[];
}

/**
 * A vendor that gives one recorded answer to every request, on loopback, and can fail as the simulators do. It reads no
 * request, so it holds nobody to a document and its ledger stays empty; unless the caller, who may know what a request
 * carries, `judges` it.
 */
export const startRecordedVendor = (
  recorded: RecordedAnswer,
  options: SimulatorOptions,
  judges: (request: ReceivedRequest, refuses: RefusesItem) => RecordedVerdict = () => ({
    answer: recorded,
    acceptedIds: [],
  }),
): Promise<Simulator> =>
  startSimulator(
    {
      judge(request, refuses) {
        const { answer, acceptedIds } = judges(request, refuses);
        return { answer: answerOf(answer), acceptedIds, refused: [] };
      },
      keepBytes: 0,
      successStatus: recorded.status,
      errorInside: json(recorded.status, { error: 'simulated refusal' }),
    },
    options,
  );

function answerOf({ status, headers = {}, body }: RecordedAnswer): Answer {
  if (body === undefined) return { status, headers };
  if (typeof body === 'string') return { status, headers, body };
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}
