import { exitCode } from './exit-codes.ts';
import { openConnection, type ConnectionFlags } from './open-connection.ts';
import { print, type Terminal } from './terminal.ts';

/** `spillway validate`: whether a config file fits its destination. What does not fit is thrown as a CliError. */
export async function validate(slug: string, flags: ConnectionFlags, terminal: Terminal): Promise<number> {
  const { runtime } = await openConnection(slug, flags, terminal.env);
  await runtime.close();
  await print(terminal.stdout, 'valid\n');
  return exitCode.ok;
}
