/** The version of the contract. The loader refuses a folder that was built against another one. */
export const contractVersion = 2;

/** What changed with a version: what the author of a folder of the version before it has to do. */
const changes: Readonly<Record<number, string>> = {
  2: 'request(config, prepared) is now called once, when a connection opens; a request that depends on its batch comes from requestFor(batch, config, prepared)',
};

/** Says why a folder of this contract cannot be used, and what changed since; `undefined` if it can. */
export function contractMismatch(contract: unknown): string | undefined {
  if (contract === contractVersion) return undefined;
  const since = Object.entries(changes).filter(
    ([version]) => typeof contract === 'number' && contract < Number(version),
  );
  const told = since.map(([version, change]) => `; contract ${version}: ${change}`).join('');
  return `written against contract ${String(contract)}, this core speaks ${contractVersion}${told}`;
}
