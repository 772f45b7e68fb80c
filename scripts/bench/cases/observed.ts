import type { RuntimeOptions } from '../../../core/index.ts';
import { createMetrics } from '../../../core/metrics/index.ts';
import { createTracing } from '../../../core/tracing/index.ts';
import { connect } from '../connect.ts';
import type { Effort } from '../effort.ts';
import { InstantVendor } from '../instant-vendor.ts';
import type { Row } from '../report.ts';
import { cpuPerEvent, interleave } from '../rounds.ts';
import { inCallsOf } from '../runs.ts';
import { linesFor, subjectOf } from '../subjects.ts';

/** What signals, metrics and spans cost, beside a connection that nobody observes. */
export async function observed(effort: Effort): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const subject of [subjectOf('Rokt, 100 a request'), subjectOf('Rokt, 1 a request')]) {
    const lines = linesFor(subject, effort.events);
    const contender = (name: string, runtime: Partial<RuntimeOptions> = {}) => {
      const { connection } = connect(subject, { dispatcher: new InstantVendor(subject), runtime });
      return { name, run: () => inCallsOf(100, connection, lines) };
    };
    // Without a provider, spans are made and kept by nobody: this is the share of core.
    const { onRequest } = createTracing();
    const measured = await interleave(
      [
        contender('not observed'),
        contender('the same once more: the noise'),
        contender('onSignal that does nothing', { onSignal: () => undefined }),
        contender('metrics', { onSignal: createMetrics().onSignal }),
        contender('spans that nobody keeps', { onRequest }),
      ],
      cpuPerEvent(effort.events),
      effort,
    );
    for (const { name, ...spread } of measured)
      rows.push({ what: `${subject.name}: ${name}`, ...spread, unit: 'CPU us/event' });
  }
  return rows;
}
