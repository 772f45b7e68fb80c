/** What is used of the state that jest-circus, the runner in Jest, keeps in the global scope. */
interface CircusState {
  readonly currentDescribeBlock: CircusBlock;
}
interface CircusBlock {
  readonly children: readonly (CircusBlock | { name: string; mode?: unknown })[];
}

/**
 * Called while a describe block is being defined: returns a function that marks one of its tests, which must not have
 * begun, as skipped and gives it another title. Jest itself can skip a test only when it is defined, and whether a
 * check applies is known only when the folder is loaded. Under other runners the function does nothing.
 */
export function skipMarker(): (title: string, newTitle: string) => void {
  const symbol = Object.getOwnPropertySymbols(globalThis).find(
    ({ description }) => description === 'JEST_STATE_SYMBOL',
  );
  if (symbol === undefined) return () => undefined;
  const { currentDescribeBlock } = (globalThis as unknown as Record<symbol, CircusState>)[symbol] as CircusState;
  return (title, newTitle) => {
    for (const child of currentDescribeBlock.children)
      if ('name' in child && child.name === title) Object.assign(child, { mode: 'skip', name: newTitle });
  };
}
