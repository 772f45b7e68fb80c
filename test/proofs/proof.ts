import { InvalidArgumentError } from 'commander';

/** A named flag of a proof; its name is the property's, in kebab case. */
export interface Flag<Value> {
  /** What it is, with its unit. */
  readonly help: string;
  /** What stands for its value in the help; none for a flag that is there or not. */
  readonly argument?: string;
  readonly parse?: (text: string) => Value;
  readonly fallback: Value;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;
type Values<F extends Flags> = { readonly [Name in keyof F]: F[Name] extends Flag<infer Value> ? Value : never };

/** A promise of the product, kept before everybody's eyes: `npm run proof -- <name>`. */
export interface Proof<F extends Flags> {
  readonly name: string;
  /** The promise, as one line. */
  readonly proves: string;
  /** How long it takes without flags, on two cores. */
  readonly takes: string;
  /** What it does, what it prints, and when it fails. */
  readonly about: string;
  readonly flags: F;
  /** Whether the promise was kept. */
  readonly run: (values: Values<F>) => Promise<boolean>;
}

/** A proof among others, whose flags only it knows. */
export type AnyProof = Omit<Proof<Flags>, 'run'> & { readonly run: (values: never) => Promise<boolean> };

export const defineProof = <F extends Flags>(proof: Proof<F>): Proof<F> => proof;

/** A whole number, at least 1 unless `least` says something else. */
export const wholeNumber = (help: string, fallback: number, least = 1): Flag<number> => ({
  help,
  argument: '<n>',
  fallback,
  parse(text) {
    if (/^\d{1,15}$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`It must be a whole number, at least ${least}.`);
  },
});

/** Of whatever is left to chance: the same seed makes the same run. */
export const seed: Flag<number> = wholeNumber('of what is left to chance; the same one repeats a run', 1, 0);

/** One of some names; all of them without the flag. */
export const oneOf = <Name extends string>(help: string, names: readonly Name[]): Flag<Name | undefined> => ({
  help: `${help}: ${names.join(', ')}`,
  argument: '<name>',
  fallback: undefined,
  parse(text) {
    const name = names.find((known) => known === text);
    if (name !== undefined) return name;
    throw new InvalidArgumentError(`It must be one of ${names.join(', ')}.`);
  },
});

/** Any text. */
export const anyText = (help: string): Flag<string | undefined> => ({
  help,
  argument: '<text>',
  fallback: undefined,
  parse: (text) => text,
});

/** Given or not. */
export const givenOrNot = (help: string): Flag<boolean> => ({ help, fallback: false });
