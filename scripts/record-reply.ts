/** `npm run record-reply -- <folder> <name> --url <url>`: see scripts/record-reply/command.ts. */
import { processTerminal } from '../core/hosts/cli/terminal.ts';
import { recordReply } from './record-reply/command.ts';

process.exitCode = await recordReply(process.argv.slice(2), processTerminal());
