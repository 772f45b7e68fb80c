import { exitCode, usage } from './exit-codes.ts';
import { oneLine } from './printable.ts';
import { print, type Terminal } from './terminal.ts';

/**
 * `spillway verify`: the contract kit's checks over destination folders, a line for each. The one place where core reaches
 * for test/kit, and only when asked: the kit brings tools along that no other command needs.
 */
export async function verify(directories: readonly string[], terminal: Terminal): Promise<number> {
  const { checkDestination } = await loadKit();
  let failed = 0;
  for (const directory of directories) {
    await print(terminal.stdout, `${directory}\n`);
    let count = 0;
    let bad = 0;
    for await (const { title, ok, why } of checkDestination(directory)) {
      count += 1;
      if (!ok) bad += 1;
      await print(
        terminal.stdout,
        `${ok ? '  ok      ' : '  FAILED  '}${oneLine(title)}${why === undefined ? '' : `\n            ${oneLine(why)}`}\n`,
      );
    }
    await print(terminal.stdout, `${count - bad} of ${count} checks passed\n`);
    if (bad > 0 || count === 0) failed += 1;
  }
  return failed > 0 ? exitCode.undelivered : exitCode.ok;
}

async function loadKit() {
  try {
    return await import('../../../test/kit/index.ts');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw usage(
      `verify needs a package that is not installed: ${/package '([^']+)'/.exec(message)?.[1] ?? 'see peerDependencies'}`,
    );
  }
}
