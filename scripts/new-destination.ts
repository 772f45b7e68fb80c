/** `npm run new-destination -- <slug>`: see scripts/scaffold/command.ts. */
import { processTerminal } from '../core/hosts/cli/terminal.ts';
import { newDestination } from './scaffold/command.ts';

process.exitCode = await newDestination(process.argv.slice(2), processTerminal());
