import path from 'node:path';
import { commandOf, runToExitCode } from '../../core/hosts/cli/command.ts';
import { exitCode } from '../../core/hosts/cli/exit-codes.ts';
import { print, type Terminal } from '../../core/hosts/cli/terminal.ts';
import { verify } from '../../core/hosts/cli/verify.ts';
import { chosen, type Flags } from './ask.ts';
import { authSchemes, bodyForms } from './choice.ts';
import { fillTemplate } from './fill.ts';
import { dialectFor, mustBeFree, writeFolder } from './place.ts';

type AllFlags = Flags & { readonly dir?: string; readonly typescript?: boolean };

const repository = path.join(import.meta.dirname, '..', '..');

/**
 * `npm run new-destination`: writes a folder that keeps the contract from the first day, and checks it. Resolves to the
 * exit code: 0 it is there and green, 1 it is there and a check failed, 2 nothing was written.
 */
export async function newDestination(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = exitCode.ok;
  const command = commandOf('new-destination', terminal)
    .description(
      'Writes the folder of a new destination and runs the contract on it. Asks for what the flags leave open.',
    )
    .argument('<slug>', 'its name in kebab-case')
    .option('--name <text>', 'what people call the vendor')
    .option('--host <host>', 'the host that takes the events')
    .option('--auth <scheme>', `how requests authenticate: ${authSchemes.join(', ')}`)
    .option('--auth-header <name>', 'the header of --auth header')
    .option(
      '--body <form>',
      `what a request body contains: ${bodyForms.join(', ')} (json and form: one event per request)`,
    )
    .option(
      '--dir <dir>',
      'the parent directory; outside this repository the folder imports spillway/api (default: destinations)',
    )
    .option('--typescript', 'write TypeScript outside this repository, too')
    .action(async (slug: string, flags: AllFlags) => {
      code = await scaffold(slug, flags, terminal);
    });
  return runToExitCode(command, terminal, async () => {
    await command.parseAsync(args, { from: 'user' });
    return code;
  });
}

async function scaffold(
  slug: string,
  { dir, typescript = false, ...flags }: AllFlags,
  terminal: Terminal,
): Promise<number> {
  // npm runs scripts in the repository, wherever it was called.
  const calledFrom = terminal.env['INIT_CWD'] ?? process.cwd();
  const folder = path.join(
    dir === undefined ? path.join(repository, 'destinations') : path.resolve(calledFrom, dir),
    slug,
  );
  const choice = await chosen(slug, flags, terminal);
  mustBeFree(folder);
  const files = await fillTemplate(choice, dialectFor(folder, typescript), new Date().toISOString().slice(0, 10));
  await writeFolder(folder, files);
  await print(terminal.stdout, `${files.length} files written\n`);
  return verify([shortest(folder)], terminal);
}

/** The path relative to the working directory, if the folder is inside it. */
function shortest(folder: string): string {
  const relative = path.relative(process.cwd(), folder);
  return relative.startsWith('..') ? folder : relative;
}
