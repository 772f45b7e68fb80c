import { Command, Option } from 'commander';
import type { AnyProof } from './proof.ts';

const inKebabCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** A command for each proof. `end` is told whether the promise was kept. */
export function proofProgram(proofs: readonly AnyProof[], end: (good: boolean) => void): Command {
  const program = new Command('npm run proof --')
    .description('Proofs of what the product promises. Each ends with 1 when its promise is not kept.')
    .usage('<name> [flags]')
    .configureHelp({ helpWidth: 120, subcommandTerm: (command) => command.name() })
    .helpCommand(false);
  for (const proof of proofs) {
    const command = program
      .command(proof.name)
      .summary(`${proof.proves} (${proof.takes})`)
      .description(`${proof.about}\n\nProves: ${proof.proves}. Takes ${proof.takes} without flags.`)
      .allowExcessArguments(false)
      .action(async (values) => end(await proof.run(values as never)));
    for (const [name, { help, argument, parse, fallback }] of Object.entries(proof.flags)) {
      const option = new Option(`--${inKebabCase(name)}${argument === undefined ? '' : ` ${argument}`}`, help);
      if (parse !== undefined) option.argParser(parse);
      command.addOption(option.default(fallback));
    }
  }
  return program;
}
