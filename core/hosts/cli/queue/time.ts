import { InvalidArgumentError } from 'commander';

const zoned = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d))?$/i;

/** Epoch ms of a time as a person writes it: ISO 8601 with a zone, or a day, which begins in UTC. */
export function timeOf(written: string): number {
  const time = zoned.test(written) ? Date.parse(written) : Number.NaN;
  if (Number.isNaN(time))
    throw new InvalidArgumentError('Expected a time with a zone, such as 2026-01-31T12:00:00Z, or a day.');
  return time;
}

export const written = (time: number): string => new Date(time).toISOString();

/** A span for people, in its largest unit. */
export function spanOf(ms: number): string {
  const units: readonly (readonly [ms: number, name: string])[] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ];
  const [size, name] = units.find(([least]) => ms >= least) ?? [1, 'ms'];
  return `${Math.floor(ms / size)} ${name}`;
}
