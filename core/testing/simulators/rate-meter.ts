/** Takes `cost` at epoch ms `at` and answers 0, or, where there is not enough left, the whole seconds to wait. */
export type Meter = (cost: number, at: number) => number;

/** A bucket that holds one second's allowance and refills evenly. */
export function openMeter(perSecond: number): Meter {
  let left = perSecond;
  let filledAt = 0;
  return (cost, at) => {
    left = Math.min(perSecond, left + (Math.max(0, at - filledAt) / 1000) * perSecond);
    filledAt = Math.max(filledAt, at);
    if (cost <= left) {
      left -= cost;
      return 0;
    }
    return Math.max(1, Math.ceil((cost - left) / perSecond));
  };
}
