import { json, type Answer } from './answer.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from './server.ts';

/** An answer as a folder's contract records it: a body that is no text is sent as JSON. */
export interface RecordedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/**
 * A vendor that gives one recorded answer to every request, on loopback, and can fail as the simulators do. It reads no
 * request, so it holds nobody to a document and its ledger stays empty.
 */
export const startRecordedVendor = (recorded: RecordedAnswer, options: SimulatorOptions): Promise<Simulator> => {
  const answer = answerOf(recorded);
  return startSimulator(
    {
      judge: () => ({ answer, acceptedIds: [], refused: [] }),
      keepBytes: 0,
      successStatus: recorded.status,
      errorInside: json(recorded.status, { error: 'simulated refusal' }),
    },
    options,
  );
};

function answerOf({ status, headers = {}, body }: RecordedAnswer): Answer {
  if (body === undefined) return { status, headers };
  if (typeof body === 'string') return { status, headers, body };
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}
