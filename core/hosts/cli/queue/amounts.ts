import { InvalidArgumentError } from 'commander';

const powers: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4 };

/** Bytes as a person writes them: 500000, 500kB, 2GB. */
export function bytes(written: string): number {
  const [, amount = '', unit = ''] = /^(\d{1,12})(?:\s*([kmgt])?b)?$/i.exec(written) ?? [];
  const size = Number(amount) * 1000 ** (powers[unit.toLowerCase()] ?? 0);
  if (amount === '' || size < 1)
    throw new InvalidArgumentError('Expected a number of bytes, such as 500000, 500MB or 2GB.');
  return size;
}

/** Milliseconds of hours as a person writes them, parts of an hour included. */
export function hours(written: string): number {
  const amount = Number(written);
  if (!/^\d{1,6}(?:\.\d{1,6})?$/.test(written))
    throw new InvalidArgumentError('Expected a number of hours, such as 24 or 0.5.');
  return amount * 3_600_000;
}
