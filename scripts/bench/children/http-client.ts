/**
 * Several clients with sockets that stay open. For each message it sends so many events, 100 a request, each with an id
 * of its own, and answers with the seconds that took; what is not answered as expected ends the process.
 */
import { Pool } from 'undici';
import { linesFor, subjectOf, type SubjectName } from '../subjects.ts';

export interface Load {
  readonly subject: SubjectName;
  readonly origin: string;
  readonly path: string;
  readonly form: 'json' | 'ndjson';
  readonly events: number;
  /** No other load has it: part of each messageId. */
  readonly run: number;
  /** Of each answer. */
  readonly status: number;
}

const clients = 8;
const perRequest = 100;

async function send({ subject, origin, path, form, events, run, status }: Load): Promise<number> {
  const lines = linesFor(subjectOf(subject), events).map((line) =>
    line.replace('"messageId":"', `"messageId":"${run}-`),
  );
  const bodies: string[] = [];
  for (let from = 0; from < lines.length; from += perRequest) {
    const some = lines.slice(from, from + perRequest);
    bodies.push(form === 'json' ? `[${some.join(',')}]` : `${some.join('\n')}\n`);
  }
  const type = form === 'json' ? 'application/json' : 'application/x-ndjson';
  const headers = { 'content-type': type, accept: type };
  const pool = new Pool(origin, { connections: clients });
  const start = performance.now();
  const waiting = bodies.values();
  const client = async (): Promise<void> => {
    for (const body of waiting) {
      const answer = await pool.request({ path, method: 'POST', headers, body });
      const text = await answer.body.text();
      if (answer.statusCode !== status) throw new Error(`${path} answered ${answer.statusCode}: ${text.slice(0, 200)}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - start) / 1000;
  await pool.close();
  return seconds;
}

process.on('message', (load: Load) => void send(load).then((seconds) => process.send?.(seconds)));
process.on('disconnect', () => process.exit());
