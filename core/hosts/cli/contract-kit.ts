import { usage } from './exit-codes.ts';

/** What each command needs of the contract kit. The simulators, half of it, are for none of them. */
const parts = {
  verify: () => import('../../testing/kit/check-destination.ts'),
  events: () => import('../../testing/kit/events.ts'),
  record: () => import('../../testing/kit/case-format.ts'),
};

/** The contract kit, when a command asks for it: it brings packages along that delivery does not need. */
export async function loadContractKit<C extends keyof typeof parts>(
  command: C,
): Promise<Awaited<ReturnType<(typeof parts)[C]>>>;
export async function loadContractKit(command: keyof typeof parts): Promise<unknown> {
  try {
    return await parts[command]();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const name = /package '([^']+)'/.exec(message)?.[1] ?? 'see peerDependencies';
    throw usage(`${command} needs a package that is not installed: ${name}`);
  }
}
