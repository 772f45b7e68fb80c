/** `npm run proof` lists the proofs; `npm run proof -- <name>` runs one, and `--help` after the name lists its flags. */
import { proofs } from './catalogue.ts';
import { proofProgram } from './program.ts';

await proofProgram(proofs, (good) => {
  process.exitCode = good ? 0 : 1;
}).parseAsync(process.argv.length > 2 ? process.argv : [...process.argv, '--help']);
