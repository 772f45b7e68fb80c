/** Takes `cost` at epoch ms `at` and answers 0, or, where there is not enough left, the whole seconds to wait. */
export type RateMeter = (cost: number, at: number) => number;

/** A bucket that holds one second's allowance and refills evenly. */
export function openRateMeter(perSecond: number): RateMeter {
  let remaining = perSecond;
  let filledAt = 0;
  return (cost, at) => {
    remaining = Math.min(perSecond, remaining + (Math.max(0, at - filledAt) / 1000) * perSecond);
    filledAt = Math.max(filledAt, at);
    if (cost <= remaining) {
      remaining -= cost;
      return 0;
    }
    return Math.max(1, Math.ceil((cost - remaining) / perSecond));
  };
}
