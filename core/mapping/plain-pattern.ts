/**
 * A text to look for in others, in one pass over them (Knuth, Morris and Pratt): the search of the engine may take the
 * product of both lengths, as for `baaa` in a text of nothing but `a`.
 */
export class PlainPattern {
  readonly length: number;
  private readonly units: readonly number[];
  private readonly folds: Uint16Array | undefined;
  /** By the number of units that match: how many match again where the next one does not. */
  private readonly borders: readonly number[];

  constructor(pattern: string, isAnyCase: boolean) {
    this.length = pattern.length;
    this.folds = isAnyCase ? foldTable() : undefined;
    this.units = Array.from({ length: pattern.length }, (_, index) => this.unitAt(pattern, index));
    this.borders = bordersOf(this.units);
  }

  /** Where the pattern begins in a text, from an index on; -1 if nowhere. */
  indexIn(text: string, from: number): number {
    const { units, borders, length } = this;
    let matching = 0;
    for (let index = from; index < text.length; index += 1) {
      const unit = this.unitAt(text, index);
      while (matching > 0 && units[matching] !== unit) matching = borders[matching] as number;
      if (units[matching] === unit) matching += 1;
      if (matching === length) return index + 1 - length;
    }
    return -1;
  }

  private unitAt(text: string, index: number): number {
    const unit = text.charCodeAt(index);
    return this.folds === undefined ? unit : (this.folds[unit] as number);
  }
}

let folds: Uint16Array | undefined;

/**
 * Of each UTF-16 unit the one in small letters. Taken for itself, because the lower case of a whole text may be longer
 * (İ), or depend on the place (Σ). Made when the first mapping needs it.
 */
function foldTable(): Uint16Array {
  if (folds !== undefined) return folds;
  folds = Uint16Array.from({ length: 0x10000 }, (_, unit) => {
    const sign = String.fromCharCode(unit);
    const upper = sign.toUpperCase();
    const lower = (upper.length === 1 ? upper : sign).toLowerCase();
    return lower.length === 1 ? lower.charCodeAt(0) : unit;
  });
  return folds;
}

function bordersOf(units: readonly number[]): readonly number[] {
  const borders = [0, 0];
  let border = 0;
  for (let index = 1; index < units.length; index += 1) {
    while (border > 0 && units[border] !== units[index]) border = borders[border] as number;
    if (units[border] === units[index]) border += 1;
    borders.push(border);
  }
  return borders;
}
