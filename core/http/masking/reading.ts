import { withoutSeparators, levelsOf, sourceOf, type TracedText } from './decoded.ts';
import { folded } from './folded.ts';

/** One way to read a text: partly decoded, and folded for comparison. */
export interface Layer {
  readonly decoded: TracedText;
  readonly plain: TracedText;
}

/** Receives a range of the original text. */
export type Hit = (start: number, end: number) => void;

/**
 * A text in every way in which it may carry a value: as it came, without separators, decoded step by step, and the
 * contents of its Base64 runs.
 */
export interface Reading {
  /** The last one is fully decoded. */
  readonly layers: readonly [Layer, ...Layer[]];
  readonly inBase64: readonly Base64Run[];
}

/** A run of Base64 and what it may decode to. */
interface Base64Run {
  readonly start: number;
  readonly end: number;
  /** Folded; some are noise, because the start of the encoded text is not known. */
  readonly texts: readonly string[];
}

export function readingOf(text: string): Reading {
  const levels = levelsOf(text);
  const last = levels.at(-1) as TracedText;
  const together = withoutSeparators(last);
  if (together !== undefined) levels.splice(-1, 0, together);
  const layers = levels.map((decoded) => ({ decoded, plain: folded(decoded.text) }));
  return { layers: layers as unknown as Reading['layers'], inBase64: base64In(last) };
}

/** The position in the original text of a part of the folded text. */
export function positionOf(
  { decoded, plain }: Layer,
  start: number,
  end: number,
): readonly [start: number, end: number] {
  const [from, to] = sourceOf(plain, start, end);
  return sourceOf(decoded, from, to);
}

const run = /[A-Za-z0-9+/_-]{11,}/g;
const aligned = [0, 1, 2, 3];

function base64In(level: TracedText): Base64Run[] {
  const found: Base64Run[] = [];
  for (const match of level.text.matchAll(run)) {
    const [written] = match;
    // Lower-case letters alone are a long word.
    if (!/[A-Z]/.test(written) || !/[a-z]/.test(written)) continue;
    const texts = aligned.flatMap((skipped) => textsInBase64(written.slice(skipped)));
    const [start, end] = sourceOf(level, match.index, match.index + written.length);
    if (texts.length > 0) found.push({ start, end, texts });
  }
  return found;
}

function textsInBase64(written: string): readonly string[] {
  const said = Buffer.from(written, 'base64').toString('utf8');
  // Binary data is ignored; the last character may be cut in two.
  // oxlint-disable-next-line no-control-regex -- as above
  if (/[\u0000-\u0008\ufffd]/.test(said.slice(0, -3))) return [];
  return levelsOf(said).map(({ text }) => folded(text).text);
}
