/** How long to measure. */
export interface Effort {
  readonly quick: boolean;
  readonly rounds: number;
  readonly warmUps: number;
}

export const full: Effort = { quick: false, rounds: 21, warmUps: 6 };
export const quick: Effort = { quick: true, rounds: 7, warmUps: 3 };
