/** How long to measure. */
export interface Effort {
  readonly quick: boolean;
  readonly rounds: number;
  /** Runs before the first that counts: code is compiled to its best form only after some 50,000 events. */
  readonly warmUps: number;
  /** Events in one run. */
  readonly events: number;
}

export const full: Effort = { quick: false, rounds: 21, warmUps: 16, events: 4000 };
export const quick: Effort = { quick: true, rounds: 5, warmUps: 6, events: 2000 };
