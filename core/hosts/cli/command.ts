import { Command, CommanderError } from 'commander';
import { exitCode, CliError } from './exit-codes.ts';
import { firstLine, printable } from './printable.ts';
import { print, unwritten, type Terminal } from './terminal.ts';

/** A command that writes to this terminal and never ends the process. */
export const commandOf = (name: string, terminal: Terminal): Command =>
  new Command(name).exitOverride().configureOutput({
    writeOut: (text) => void print(terminal.stdout, text),
    writeErr: (text) => void terminal.stderr.write(text),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });

/**
 * Resolves to the exit code of `act`; reports what it throws under the command's name, and output that could not be
 * written. Never rejects.
 */
export async function runToExitCode(command: Command, terminal: Terminal, act: () => Promise<number>): Promise<number> {
  const code = await codeOf(command, terminal, act);
  const failure = await unwritten(terminal.stdout);
  if (failure === undefined) return code;
  terminal.stderr.write(`${command.name()}: the output could not be written (${failure})\n`);
  return code === exitCode.ok ? exitCode.undelivered : code;
}

async function codeOf(command: Command, terminal: Terminal, act: () => Promise<number>): Promise<number> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    if (error instanceof CliError) {
      const lines = [`${command.name()}: ${error.message}`, ...error.details.map((detail) => `  ${firstLine(detail)}`)];
      terminal.stderr.write(`${lines.map(printable).join('\n')}\n`);
      return error.exitCode;
    }
    terminal.stderr.write(`${command.name()}: a defect in this program: ${stackOf(error)}\n`);
    return exitCode.defect;
  }
}

/** Without the message, which might quote an event or a credential. */
const stackOf = (error: unknown): string =>
  error instanceof Error
    ? [error.name, ...(error.stack ?? '').split('\n').filter((line) => /^ +at /.test(line))].join('\n')
    : typeof error;
