export const isoTime = (time: number): string => new Date(time).toISOString();

/** A span for people, in its largest unit. */
export function durationText(ms: number): string {
  const units: readonly (readonly [ms: number, name: string])[] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ];
  const [size, name] = units.find(([least]) => ms >= least) ?? [1, 'ms'];
  return `${Math.floor(ms / size)} ${name}`;
}
