import type { Registry } from 'prom-client';
import type { Signal } from '../index.ts';
import { BatchedCounter, CountsByKey } from './batched-counter.ts';
import { ConnectionLabels } from './connection-labels.ts';
import { loadPromClient } from './prom-client.ts';
import { SignalCounters } from './signal-counters.ts';
import { registerStateGauges, type MetricsSource } from './state-gauges.ts';
import { statusClassOf } from './status-class.ts';

const prom = loadPromClient();

/**
 * What came of reading settings again: they hold now; nothing in them had changed; they are bad, so that nothing was
 * changed; or a part of them holds after a restart alone.
 */
export type ReloadResult = 'applied' | 'unchanged' | 'invalid' | 'needs_restart';

const reloadResults: readonly ReloadResult[] = ['applied', 'unchanged', 'invalid', 'needs_restart'];

export interface MetricsOptions {
  /** Where the metrics are registered. Default: a registry of their own. */
  readonly register?: Registry;
  /**
   * So many connections have their id as a label (default 100). Those that come later share the label `other`, so that
   * the number of series is bounded.
   */
  readonly maxConnectionsLabelled?: number;
  /** Whether prom-client's own metrics of the process are registered, too (default: no). */
  readonly processMetrics?: boolean;
  /** Asked for the gauges at each scrape: what waits, what is suspended. Without it there are none of these. */
  readonly source?: MetricsSource;
}

export interface Metrics {
  readonly register: Registry;
  /** For createRuntime(), and for each worker of a queue. */
  readonly onSignal: (signal: Signal) => void;
  /** For a host that reads its settings again while it runs. */
  readonly configReloaded: (result: ReloadResult) => void;
  /**
   * For a host that serves HTTP: it has answered a request. `route`: the pattern of the path, of which there are few,
   * and never a path as it came.
   */
  readonly httpAnswered: (route: string, status: number) => void;
}

/**
 * Metrics for Prometheus, out of the signals of a runtime and of the workers of its queue. Labels are from closed sets:
 * destination, connection (up to a number of them), outcome, reason, class of status; and never anything of an event.
 *
 * @example
 * const { onSignal, register } = createMetrics({ source: { requestsInFlight: () => runtime.requestsInFlight() } });
 * const runtime = createRuntime({ destinations, onSignal });
 * store.work(connection, { onSignal });
 * const text = await register.metrics();
 */
export function createMetrics({
  register = new prom.Registry(),
  maxConnectionsLabelled = 100,
  processMetrics = false,
  source = {},
}: MetricsOptions = {}): Metrics {
  const labels = new ConnectionLabels(maxConnectionsLabelled);
  const counters = new SignalCounters(register, labels);
  registerStateGauges(register, labels, source);
  new prom.Gauge({
    name: 'spillway_conservation_gap',
    help: 'Outcomes that were missing, or too many: always 0, or core has a defect',
    registers: [register],
    collect() {
      this.set(counters.conservationGap);
    },
  });
  const reloads = new BatchedCounter(
    register,
    'spillway_config_reloads_total',
    'How often settings were read again while the process ran',
    ['result'],
  );
  const reloadsBy = new CountsByKey((result) => reloads.count({ result }));
  let isValid = true;
  new prom.Gauge({
    name: 'spillway_settings_valid',
    help: 'Whether the settings were valid when they were last read: those that hold are',
    registers: [register],
    collect() {
      this.set(isValid ? 1 : 0);
    },
  });
  // A series that is there from the start shows the first increase.
  for (const result of reloadResults) reloadsBy.add(result, 0);
  const requests = new BatchedCounter(register, 'spillway_http_requests_total', 'Requests that the host answered', [
    'route',
    'status_class',
  ]);
  const requestsBy = new CountsByKey((key) => {
    const at = key.lastIndexOf(' ');
    return requests.count({ route: key.slice(0, at), status_class: key.slice(at + 1) });
  });
  if (processMetrics) prom.collectDefaultMetrics({ register });
  return {
    register,
    onSignal: (signal) => counters.count(signal),
    configReloaded(result) {
      if (result !== 'needs_restart') isValid = result !== 'invalid';
      reloadsBy.add(result);
    },
    httpAnswered: (route, status) => requestsBy.add(`${route} ${statusClassOf(status)}`),
  };
}
