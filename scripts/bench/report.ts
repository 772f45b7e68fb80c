import Table from 'cli-table3';
import type { Spread } from './rounds.ts';

/** One line of the report. */
export interface Row extends Partial<Spread> {
  readonly what: string;
  /** What median, min and max are. */
  readonly unit?: string;
  /** Of the floor's cost to ours: 1 is as cheap as the floor. */
  readonly ratio?: number;
  readonly aim?: Aim;
}

export interface Aim {
  /** As a person reads it: ">= 0.80". */
  readonly text: string;
  readonly reached: boolean;
}

export interface Section {
  readonly name: string;
  readonly title: string;
  readonly rows: readonly Row[];
}

const written = (aim: number): string => aim.toLocaleString('en', { minimumFractionDigits: aim < 2 ? 2 : 0 });

export const atLeast = (value: number, aim: number, unit = ''): Aim => ({
  text: `>= ${written(aim)}${unit}`,
  reached: value >= aim,
});
export const atMost = (value: number, aim: number, unit = ''): Aim => ({
  text: `<= ${written(aim)}${unit}`,
  reached: value <= aim,
});

const figure = (value: number | undefined): string => {
  if (value === undefined) return '';
  const digits = Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
};

export function printed({ title, rows }: Section): string {
  const table = new Table({
    head: [title, 'median', 'min', 'max', 'unit', 'of the floor', 'aim', ''],
    colAligns: ['left', 'right', 'right', 'right', 'left', 'right', 'left', 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const { what, median, min, max, unit = '', ratio, aim } of rows) {
    const reached = aim === undefined ? '' : aim.reached ? 'reached' : 'MISSED';
    table.push([what, figure(median), figure(min), figure(max), unit, figure(ratio), aim?.text ?? '', reached]);
  }
  return table.toString();
}
