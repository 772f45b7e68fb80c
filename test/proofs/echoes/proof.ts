import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import Table from 'cli-table3';
import { loadDestinations } from '../../../core/index.ts';
import { run } from '../../../core/hosts/cli/program.ts';
import { channels, echoesOf, echoSpellings, talkative, type RunCli } from './run.ts';
import { defineProof } from '../proof.ts';
import { destinationsFolder } from '../repository.ts';
import { printMaskingCost } from './masking-cost.ts';

export default defineProof({
  name: 'echoes',
  proves: 'no secret and no personal datum comes back in any spelling',
  takes: '15 s',
  about:
    'Each secret and each personal datum comes back from each vendor in each spelling, and is looked for wherever something is ' +
    'told; then what it costs to mask a thousand different texts about a thousand payloads. Fails when anything shows.',
  flags: {},
  async run() {
    const destinations = await loadDestinations(destinationsFolder);
    const folder = mkdtempSync(path.join(tmpdir(), 'spillway-echoes-'));

    const rows = await echoesOf(destinations, {
      run: cli,
      configFile(slug, content) {
        const file = path.join(folder, `${slug}.json`);
        writeFileSync(file, JSON.stringify(content));
        return file;
      },
    });
    rmSync(folder, { recursive: true });

    const slugs = talkative.map(({ slug }) => slug);
    const table = new Table({ head: ['echoes / shown', ...slugs], style: { compact: true, head: [], border: [] } });
    for (const { name } of echoSpellings) {
      const cells = slugs.map((slug) => rows.find((row) => row.slug === slug && row.spelling === name));
      table.push([name, ...cells.map((row) => (row === undefined ? '' : `${row.echoes} / ${row.shown.length}`))]);
    }
    const sum = (count: (row: (typeof rows)[number]) => number): number =>
      rows.reduce((all, row) => all + count(row), 0);
    const shown = sum((row) => row.shown.length);
    console.log(table.toString());
    console.log(
      `${sum(({ echoes }) => echoes)} echoes, looked for in ${channels.join(', ')}: ` +
        `${sum(({ echoes }) => echoes) * channels.length} looks, ${shown} shown; ${sum(({ details }) => details)} details were given`,
    );
    for (const { slug, spelling, shown: what } of rows)
      for (const one of what) console.log(`${slug}, ${spelling}: ${one}`);

    await printMaskingCost();
    return shown === 0;
  },
});

function collector() {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}

const cli: RunCli = async (args, stdin) => {
  const [stdout, stderr] = [collector(), collector()];
  await run([...args], {
    env: {},
    stdin: Readable.from([Buffer.from(stdin)], { objectMode: false }),
    stdout: stdout.stream,
    stderr: stderr.stream,
    onSignal: () => () => undefined,
    exit: () => undefined,
  });
  return { stdout: stdout.text(), stderr: stderr.text() };
};
