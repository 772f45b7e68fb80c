import type { Dispatcher } from 'undici';
import {
  createRuntime,
  type Connection,
  type ConnectionOptions,
  type Pace,
  type Runtime,
  type RuntimeOptions,
} from '../../core/index.ts';
import type { Subject } from './subjects.ts';

export interface OpenSubject {
  readonly connection: Connection;
  readonly runtime: Runtime;
}

export interface ConnectOptions {
  readonly dispatcher?: Dispatcher;
  readonly origin?: string;
  readonly concurrency?: number;
  readonly options?: ConnectionOptions;
  readonly runtime?: Partial<RuntimeOptions>;
}

/** Opens a subject as a host program does that was granted any rate; rate buckets, gate, signals and checks stay on. */
export function connect(
  subject: Subject,
  { dispatcher, origin, concurrency, options, runtime: more }: ConnectOptions,
): OpenSubject {
  const { manifest } = subject.destination;
  const { slug } = manifest;
  const rate =
    manifest.pace.rate === undefined ? {} : { rate: { ...manifest.pace.rate, permits: 1e9, burst: undefined } };
  const pace: Partial<Pace> = { ...rate, ...(concurrency === undefined ? {} : { concurrency }) };
  const runtime = createRuntime({
    destinations: [subject.destination],
    pace: { [slug]: pace },
    ...(dispatcher === undefined ? {} : { dispatcher: () => dispatcher }),
    ...(origin === undefined ? {} : { origins: { [slug]: origin } }),
    ...more,
  });
  const opened = runtime.open(slug, subject.config, options);
  if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
  return { connection: opened.connection, runtime };
}
