import { readdirSync } from 'node:fs';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { proofs } from './catalogue.ts';
import { anyText, defineProof, givenOrNot, oneOf, seed, wholeNumber, type AnyProof } from './proof.ts';
import { proofProgram } from './program.ts';

describe('the list of proofs', () => {
  it('has every folder of test/proofs, under its name', () => {
    const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(proofs.map(({ name }) => name).sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  it('says of each what it proves and how long that takes, and of each flag what it is', () => {
    const program = proofProgram(proofs, () => undefined);
    const help = program.helpInformation().replaceAll(/\s+/g, ' ');
    for (const { name, proves, takes, flags } of proofs) {
      expect(help).toContain(`${name} ${proves} (${takes})`);
      const command = program.commands.find((known) => known.name() === name);
      for (const { help: meaning } of Object.values(flags))
        expect(command?.helpInformation().replaceAll(/\s+/g, ' ')).toContain(meaning);
    }
  });
});

describe('a proof', () => {
  let received: unknown[];
  let kept: boolean;
  let ends: boolean[];
  const one: AnyProof = defineProof({
    name: 'one',
    proves: 'a promise',
    takes: '1 s',
    about: 'It.',
    flags: {
      seed,
      perSecond: wholeNumber('events a second', 20),
      way: oneOf('only this way', ['stream', 'queue']),
      only: anyText('only these'),
      gateway: givenOrNot('502 in place of 503'),
    },
    run(values) {
      received.push(values);
      return Promise.resolve(kept);
    },
  });
  const run = async (...args: string[]): Promise<unknown> => {
    const program = proofProgram([one], (good) => ends.push(good));
    for (const command of [program, ...program.commands])
      command.exitOverride().configureOutput({ writeErr: () => undefined });
    return program.parseAsync(args, { from: 'user' });
  };
  beforeEach(() => {
    received = [];
    ends = [];
    kept = true;
  });

  it('has the values of its flags without any', async () => {
    await run('one');
    expect(received).toEqual([{ seed: 1, perSecond: 20, gateway: false }]);
  });

  it('takes named flags', async () => {
    await run('one', '--seed', '0', '--per-second', '5', '--way', 'queue', '--only', 'torn', '--gateway');
    expect(received).toEqual([{ seed: 0, perSecond: 5, way: 'queue', only: 'torn', gateway: true }]);
  });

  it('ends badly when its promise was not kept', async () => {
    kept = false;
    await run('one');
    expect(ends).toEqual([false]);
  });

  it.each([
    ['a value that is no whole number', ['--per-second', '1.5']],
    ['a number that is too small', ['--per-second', '0']],
    ['a name that is not known', ['--way', 'fax']],
    ['a flag that it does not have', ['--rounds', '3']],
    ['a number without a name', ['20']],
  ])('refuses %s, and does not start', async (_, args) => {
    await expect(run('one', ...args)).rejects.toMatchObject({ exitCode: 1 });
    expect(received).toEqual([]);
  });
});
