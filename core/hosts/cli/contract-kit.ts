import { usage } from './exit-codes.ts';

/** The contract kit, when a command asks for it: it brings packages along that delivery does not need. */
export async function loadContractKit(command: string) {
  try {
    return await import('../../testing/index.ts');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const name = /package '([^']+)'/.exec(message)?.[1] ?? 'see peerDependencies';
    throw usage(`${command} needs a package that is not installed: ${name}`);
  }
}
