import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { afterSignal, exitCode } from '../../core/hosts/cli/exit-codes.ts';
import { describeProgram } from '../../core/hosts/cli/program.ts';
import { stopSignals } from '../../core/hosts/cli/terminal.ts';
import { fakeTerminal } from '../support/cli/fake-terminal.ts';
import { createWorkspace } from '../support/cli/workspace.ts';
import { startAdjust, startAdrollEmail, startRokt, type Simulator } from '../../core/testing/simulators/index.ts';

const root = path.join(import.meta.dirname, '../..');
const page = readFileSync(path.join(root, 'docs/cli.md'), 'utf8');

/** Every command that does something, with its words: `queue status`. */
function leaves(command: Command, words: readonly string[] = []): { words: readonly string[]; command: Command }[] {
  if (command.commands.length === 0) return [{ words, command }];
  return command.commands.flatMap((child) => leaves(child, [...words, child.name()]));
}
const program = () => describeProgram(fakeTerminal().terminal, () => undefined);
const commands = leaves(program());
const usageOf = ({ words, command }: (typeof commands)[number]): string =>
  ['spillway', ...words, command.usage().replace('[options]', '').trim()].join(' ').trim();

/** The text under a heading, up to the next one. */
const sectionOf = (heading: string): string =>
  page.split(/^(?=#{2,3} )/m).find((section) => section.startsWith(`${heading}\n`)) ?? '';
const firstCells = (section: string): string[] =>
  [...section.matchAll(/^\| +(?!-|Flag |Exit code )(.+?) +\|/gm)].map(([, cell = '']) => cell);

describe('docs/cli.md against the program', () => {
  test('has a section for each command, and for nothing else', () => {
    const headings = [...page.matchAll(/^### `(spillway .+)`$/gm)].map(([, usage]) => usage);
    expect(headings).toEqual(commands.map(usageOf));
  });

  test.each(commands.map((leaf) => [usageOf(leaf), leaf] as const))('%s has the flags of its table', (usage, leaf) => {
    const section = sectionOf(`### \`${usage}\``);
    const flags = leaf.command.options.filter((option) => !isOfBroker(option)).map(({ flags: one }) => `\`${one}\``);
    if (leaf.command.options.some(isOfBroker)) flags.push('`--nats-...`');
    expect(firstCells(section).sort()).toEqual(flags.sort());
    const required = leaf.command.options.filter(
      ({ flags: name, mandatory }) => mandatory || asksForStore(name, usage),
    );
    const marked = [...section.matchAll(/^\| (`.+?`) +\| required: /gm)].map(([, cell = '']) => cell);
    expect(marked.sort()).toEqual(required.map((option) => `\`${option.flags}\``).sort());
  });

  test('has the options of a broker in one table, and says which commands make a store', () => {
    const all = commands.flatMap(({ command }) => command.options.filter(isOfBroker));
    const listed = firstCells(sectionOf('### A store on NATS'));
    expect(new Set(listed)).toEqual(new Set(all.map(({ flags }) => `\`${flags}\``)));
    const makers = commands.filter(({ command }) =>
      command.options.some(({ flags }) => flags.startsWith('--nats-lanes')),
    );
    expect(makers.map(({ words }) => words.join(' '))).toEqual(['enqueue', 'work', 'queue move', 'serve']);
  });

  test('has the exit codes of the program', () => {
    const listed = firstCells(sectionOf('## Exit codes')).map(Number);
    expect(new Set(listed)).toEqual(new Set([...Object.values(exitCode), ...stopSignals.map(afterSignal)]));
    expect(listed).toHaveLength(new Set(listed).size);
  });

  test('has the exit codes in the order in which --help has them', async () => {
    const { stdout } = await fakeTerminal().run('--help');
    const inHelp = stdout.slice(stdout.indexOf('Exit codes')).match(/\b\d{1,3}\b/g);
    expect(firstCells(sectionOf('## Exit codes')).slice(0, 8)).toEqual(inHelp?.slice(0, 8));
  });

  test('says what to do on each code that is not a success or a signal', () => {
    const codes = [...page.matchAll(/^### (\d+): /gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(
      Object.values(exitCode)
        .filter((code) => code !== 0)
        .sort((a, b) => a - b),
    );
  });

  test('names the environment variables that the program reads, and no others', () => {
    const folder = path.join(root, 'core/hosts');
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(path.join(folder, file), 'utf8'));
    const variablesIn = (text: string): string[] => [...new Set(text.match(/\bSPILLWAY_[A-Z_]+\b/g))].sort();
    expect(variablesIn(page)).toEqual(variablesIn(sources.join('\n')));
  });
});

/** The queue's commands miss it by themselves, as SPILLWAY_STORE may stand for it. */
const asksForStore = (flags: string, usage: string): boolean =>
  flags.startsWith('--store <') && !/^spillway (?:deliver |serve$)/.test(usage);

const isOfBroker = ({ flags }: { readonly flags: string }): boolean => flags.startsWith('--nats-');

describe('the shell blocks of docs/cli.md', () => {
  const workspace = createWorkspace();
  const vendors: Record<string, Simulator> = {};
  const adroll = { username: 'simulated-user', password: 'simulated-password', apikey: 'simulated-client-id' };
  const env: Record<string, string> = {
    ADJUST_APP: 'app5imulated',
    ROKT_KEY: 'simulated-key',
    ROKT_SECRET: 'simulated-secret',
    ADROLL_ADVERTISABLE: 'ADVERTISABLE0000000001',
    OTHER_ADVERTISABLE: 'ADVERTISABLE0000000002',
    ADROLL_USER: adroll.username,
    ADROLL_PASSWORD: adroll.password,
    ADROLL_KEY: adroll.apikey,
  };
  beforeAll(async () => {
    vendors['adjust'] = await startAdjust({ appToken: 'app5imulated', eventTokens: ['abc123'] });
    vendors['rokt'] = await startRokt({ apiKey: 'simulated-key', apiSecret: 'simulated-secret' });
    const { username, password, apikey } = adroll;
    const email = { advertisableEid: 'ADVERTISABLE0000000001', apikey, basic: { username, password } };
    vendors['adroll-email'] = await startAdrollEmail(email);
    vendors['other-shop'] = await startAdrollEmail({ ...email, advertisableEid: 'ADVERTISABLE0000000002' });
    const config = { advertisableEid: email.advertisableEid, auth: { kind: 'basic', ...adroll } };
    const body = JSON.stringify(['jane.doe@example.com']);
    workspace.write('shop.json', JSON.stringify({ config }));
    workspace.write('left.json', body);
    await run('spillway call adroll-email record-unsubscribers --config shop.json --body left.json --yes');
  });
  afterAll(async () => {
    for (const vendor of Object.values(vendors)) await vendor.close();
    workspace.remove();
  });

  const statements = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) => statementsOf(block));
  const titles = statements.map((statement) => [statement.split('\n')[0] ?? '', statement] as const);

  test('are many', () => expect(titles.length).toBeGreaterThan(25));

  // In their order, in one folder: each builds on those before it.
  test.each(titles)('%s', async (_, statement) => {
    const heredoc = /^cat > (\S+) <<('?)END\2\n([\s\S]*)END$/.exec(statement);
    const echo = /^echo '(.*)' > (\S+)$/.exec(statement);
    if (heredoc !== null) {
      const [, file = '', quote, text = ''] = heredoc;
      workspace.write(file, quote === '' ? expanded(text) : text);
    } else if (echo !== null) workspace.write(echo[2] ?? '', `${echo[1]}\n`);
    else await run(statement);
  });

  test('F-84 deliver to the vendors, those who left the list of one shop to the other', () => {
    expect(vendors['other-shop']?.ledger.timesCommitted('jane.doe@example.com')).toBe(1);
    for (const slug of ['adjust', 'rokt']) expect(vendors[slug]?.ledger.entries.length).toBeGreaterThan(0);
  });

  /** `spillway ... > file # exits with N`, run; anything else is parsed. */
  async function run(statement: string): Promise<void> {
    const [, line = '', expected = '0'] = /^(.*?)(?: +# exits with (\d+))?$/.exec(statement) ?? [];
    const [, command, target] = /^spillway ([^|&>]*?)(?: > (\S+))?$/.exec(line) ?? [];
    if (command === undefined) return parse(line);
    const args = command.split(' ');
    const terminal = fakeTerminal('', { ...env, SPILLWAY_ORIGIN: originsFor(args) });
    const { code, stdout, stderr } = await terminal.run(...inWorkspace(args));
    if (target !== undefined) workspace.write(target, stdout);
    expect({ code, stderr }).toEqual({ code: Number(expected), stderr });
  }

  function originsFor([command, slug = '', , config]: readonly string[]): string {
    if (command === 'work') return `adjust=${vendors['adjust']?.origin} rokt=${vendors['rokt']?.origin}`;
    return vendors[config === 'other-shop.json' ? 'other-shop' : slug]?.origin ?? '';
  }

  /** Values of flags that take a file or a directory lie in the workspace. */
  const inWorkspace = (args: readonly string[]): string[] =>
    args.map((arg, index) => {
      const flag = args[index - 1] ?? '';
      return /^--(?:config|input|outcomes|store|body|out|destinations)$/.test(flag) && arg !== '-'
        ? workspace.at(arg)
        : arg;
    });
});

/** Runs nothing of a pipe, or of what goes on in the background, but has its commands parsed. */
async function parse(line: string): Promise<void> {
  const parsed = line
    .split(/[|&]/)
    .map((part) => part.trim())
    .filter((part) => part.startsWith('spillway '));
  expect(parsed).not.toEqual([]);
  for (const part of parsed) {
    const all = program();
    for (const { command } of leaves(all)) command.action(() => undefined);
    await all.parseAsync(part.split(' ').slice(1), { from: 'user' });
  }
}

/** One a line, but for a file that is written where it stands. */
function statementsOf(block: string): string[] {
  const statements: string[] = [];
  let open = false;
  for (const line of block.split('\n').filter((text) => text !== '')) {
    if (open) statements.push(`${statements.pop()}\n${line}`);
    else statements.push(line);
    if (/<<'?END'?$/.test(line)) open = true;
    else if (line === 'END') open = false;
  }
  return statements;
}

const expanded = (text: string): string =>
  text.replaceAll('$(date -u +%FT%TZ)', new Date().toISOString().replace(/\.\d+Z/, 'Z'));
