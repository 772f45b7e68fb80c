/** Chance that jitters nothing: the whole of each wait. */
export const wholeWaits = (): number => 1;
