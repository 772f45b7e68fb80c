/** A process that delivers from a store on a broker, and notes what it has out. Its argument is WorkerOptions, as JSON. */
import { openSync, writeSync } from 'node:fs';
import { createRuntime, loadDestinations } from '../../../core/index.ts';
import { configHashOf, workFor, type StoreConnection } from '../../../core/queue/index.ts';
import { openJetStreamStore } from '../../../core/queue/jetstream/index.ts';
import { destinationsFolder } from '../repository.ts';
import { noteOf, type WorkerOptions } from './notes.ts';

const { url, leaseMs, file, entries } = JSON.parse(process.argv[2] ?? '') as WorkerOptions;
let notes = -1;
const note = (...parts: Parameters<typeof noteOf>): void => void writeSync(notes, noteOf(...parts));
const destinations = await loadDestinations(destinationsFolder);
const origins = Object.fromEntries(entries.map(({ destination, origin }) => [destination, origin]));
const runtime = createRuntime({ destinations, origins });
const store = await openJetStreamStore({
  url,
  leaseMs,
  onSignal: (signal) => {
    if (signal.kind === 'defect') console.error(signal.connection, signal.where, signal.error);
  },
});
notes = openSync(file, 'a');
const workers = entries.map(({ destination, config, options }) => {
  const { manifest } = destinations.find((one) => one.manifest.slug === destination)!;
  const opened = runtime.open(destination, config, options);
  if (opened.kind === 'invalid') throw new Error(JSON.stringify(opened.issues));
  const configHash = configHashOf({ destination, config, options });
  return store.work(noted(opened.connection), {
    ...workFor(manifest),
    id: destination,
    configHash,
    onSignal: (signal) => {
      if (signal.kind === 'defect') console.error(destination, signal.where, signal.error);
    },
  });
});
process.once('SIGTERM', () => {
  void Promise.all(workers.map((worker) => worker.stop(5_000)))
    .then(() => store.close())
    .then(() => runtime.close())
    .then(() => process.exit(0));
});

/** The connection, with a note of each event that it takes over, and of its record. */
function noted(connection: StoreConnection): StoreConnection {
  const { slug, id } = connection;
  return {
    slug,
    id,
    routeOf: (event) => connection.routeOf(event),
    check: (options) => connection.check(options),
    suspended: () => connection.suspended(),
    resume: () => connection.resume(),
    async deliver(events, options = {}) {
      const ids = events.map((event) => messageIdOf(event));
      for (const one of ids) note('out', slug, one);
      const outcomes = await connection.deliver(events, {
        ...options,
        settled(position, outcome) {
          note(outcome.kind, slug, ids[position]!);
          return options.settled?.(position, outcome);
        },
      });
      for (const one of ids) note('back', slug, one);
      return outcomes;
    },
  };
}

function messageIdOf(event: Parameters<StoreConnection['deliver']>[0][number]): string {
  const text = typeof event === 'string' ? event : 'text' in event ? event.text : JSON.stringify(event);
  return (JSON.parse(text as string) as { messageId: string }).messageId;
}
