/**
 * Rokt in a process of its own, which notes when each request comes and asks for a pause when it is told to. Argument:
 * the latency of its answers in ms.
 */
import { accountOf } from '../neighbours/vendors.ts';

/** A request at the vendor. */
export interface Arrival {
  /** Epoch ms, with parts. */
  readonly at: number;
  readonly conversions: number;
  /** It was answered with 429 and a Retry-After of so many seconds. */
  readonly pauseSeconds?: number;
}

const now = (): number => performance.timeOrigin + performance.now();
const arrivals: Arrival[] = [];
let pauseSeconds = 0;

const vendor = await accountOf('rokt').start({
  latencyMs: Number(process.argv[2]),
  now,
  altered: (honest) => ({
    ...honest,
    judge(request, refuses) {
      const verdict = honest.judge(request, refuses);
      const conversions = verdict.acceptedIds.length;
      if (pauseSeconds === 0) {
        arrivals.push({ at: request.at, conversions });
        return verdict;
      }
      arrivals.push({ at: request.at, conversions, pauseSeconds });
      const answer = { status: 429, headers: { 'retry-after': String(pauseSeconds) } };
      pauseSeconds = 0;
      return { answer, acceptedIds: [], refused: [] };
    },
  }),
});
process.on('message', (message: { readonly pauseSeconds: number } | 'arrivals') => {
  if (message === 'arrivals') process.send?.(arrivals);
  else ({ pauseSeconds } = message);
});
process.on('disconnect', () => process.exit());
process.send?.(vendor.origin);
