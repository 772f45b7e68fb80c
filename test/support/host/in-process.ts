import { errors, type Dispatcher } from 'undici';
import { openExchange } from '../../../core/testing/kit/exchange-control.ts';
import { PoollessDispatcher } from '../../../core/testing/kit/poolless-dispatcher.ts';
import type {
  ReceivedRequest,
  SimulatorTransport,
  DeliveredAnswer,
  Service,
  WireAnswer,
} from '../../../core/testing/simulators/index.ts';

/** The part of a clock that such a vendor lives by. */
export interface VendorTime {
  readonly now: () => number;
  readonly after: (ms: number, run: () => void) => unknown;
}

export interface InProcess {
  readonly transport: SimulatorTransport;
  /** What leads there: the same for every connection. */
  readonly dispatcher: Dispatcher;
}

/** Without sockets and in the time of a clock: requests come through an undici Dispatcher, and answers take `latencyMs`. */
export function inProcess(time: VendorTime): InProcess {
  const dispatcher = new InProcessDispatcher(time);
  return {
    dispatcher,
    transport(service, { latencyMs }) {
      dispatcher.open(service, latencyMs);
      return Promise.resolve({ origin: 'http://127.0.0.1:1', close: () => Promise.resolve() });
    },
  };
}

/** Undici's own, where the options of a request say nothing. */
const defaultPatienceMs = 300_000;
const tickMs = 20;

class InProcessDispatcher extends PoollessDispatcher {
  readonly #time: VendorTime;
  #service: Service | undefined;
  #latencyMs = 0;

  constructor(time: VendorTime) {
    super();
    this.#time = time;
  }

  open(service: Service, latencyMs: number): void {
    this.#service = service;
    this.#latencyMs = latencyMs;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const service = this.#service;
    if (service === undefined) throw new Error('the vendor is not open yet');
    const exchange = openExchange(handler);
    const patienceMs = options.headersTimeout ?? defaultPatienceMs;
    const { after, now } = this.#time;
    // As a socket does: not before the caller is done with it.
    setImmediate(() => {
      exchange.send(() => handler.onRequestStart?.(exchange.controller, {}));
      const { honest, seen } = service.begin()(arrivalOf(options, now()));
      const show = (shown: Exclude<DeliveredAnswer, 'slow' | 'silence'>): void => tell(exchange, handler, shown);
      const giveUp = (): void => exchange.fail(new errors.HeadersTimeoutError());
      // Answers come together, at full ticks: a clock that stops for each of many costs more than the work.
      const latencyMs = this.#latencyMs - (now() % tickMs) + tickMs;
      const slowMs = latencyMs + (service.plan.slowMs ?? 50);
      if (seen === 'silence' || (seen === 'slow' && slowMs >= patienceMs)) after(patienceMs, giveUp);
      else if (seen === 'slow') after(slowMs, () => show(honest));
      else after(latencyMs, () => show(seen));
    });
    return true;
  }
}

function arrivalOf({ method, path: target, headers, body }: Dispatcher.DispatchOptions, at: number): ReceivedRequest {
  const [path = '', query = ''] = target.split('?', 2);
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from((body as string | null | undefined) ?? '');
  const lower = Object.fromEntries(
    Object.entries((headers ?? {}) as Record<string, string>).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return { method, path, query, headers: lower, body: bytes, bytes: bytes.length, at };
}

type OpenExchange = ReturnType<typeof openExchange>;

function tell(
  exchange: OpenExchange,
  handler: Dispatcher.DispatchHandler,
  seen: Exclude<DeliveredAnswer, 'slow' | 'silence'>,
): void {
  const { controller } = exchange;
  const send = (what: () => void): void => exchange.send(what);
  const reset = (): void => exchange.fail(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  if (seen === 'reset') return reset();
  if ('headOnly' in seen) {
    send(() => handler.onResponseStart?.(controller, seen.headOnly, { connection: 'close' }, ''));
    return reset();
  }
  const { status, headers = {}, body = '' } = 'breaksOff' in seen ? seen.breaksOff : withLength(seen);
  send(() => handler.onResponseStart?.(controller, status, { ...headers }, ''));
  if (body !== '') send(() => handler.onResponseData?.(controller, Buffer.from(body)));
  if ('breaksOff' in seen) exchange.fail(new errors.SocketError('other side closed'));
  else send(() => handler.onResponseEnd?.(controller, {}));
}

/** As a server writes it. */
const withLength = (answer: WireAnswer): WireAnswer =>
  answer.status === 204
    ? answer
    : {
        ...answer,
        headers: { ...answer.headers, 'content-length': String(Buffer.byteLength(answer.body ?? '')) },
      };
