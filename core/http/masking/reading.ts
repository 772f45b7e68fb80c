import { joined, levelsOf, sourceOf, type Traced } from './decoded.ts';
import { folded } from './folded.ts';

/** One way to read a text: decoded so far, and folded for comparison. */
export interface Layer {
  readonly decoded: Traced;
  readonly plain: Traced;
}

/** Takes a part of the text as it came. */
export type Hit = (start: number, end: number) => void;

/**
 * A text in all the ways in which it may say something: as it came, put together where it is divided, decoded step by step, and what
 * is in Base64 in it.
 */
export interface Reading {
  /** The last one is all decoded. */
  readonly layers: readonly [Layer, ...Layer[]];
  readonly inBase64: readonly InBase64[];
}

/** A run of Base64, and what it says. */
interface InBase64 {
  readonly start: number;
  readonly end: number;
  /** Folded; some are noise, as nobody knows where the coded text begins. */
  readonly said: readonly string[];
}

export function readingOf(text: string): Reading {
  const levels = levelsOf(text);
  const last = levels.at(-1) as Traced;
  const together = joined(last);
  if (together !== undefined) levels.splice(-1, 0, together);
  const layers = levels.map((decoded) => ({ decoded, plain: folded(decoded.text) }));
  return { layers: layers as unknown as Reading['layers'], inBase64: base64In(last) };
}

/** Where a part of the folded text stands in the text as it came. */
export function placeOf({ decoded, plain }: Layer, start: number, end: number): readonly [start: number, end: number] {
  const [from, to] = sourceOf(plain, start, end);
  return sourceOf(decoded, from, to);
}

const run = /[A-Za-z0-9+/_-]{11,}/g;
const aligned = [0, 1, 2, 3];

function base64In(level: Traced): InBase64[] {
  const found: InBase64[] = [];
  for (const match of level.text.matchAll(run)) {
    const [written] = match;
    // Small letters alone are a long word.
    if (!/[A-Z]/.test(written) || !/[a-z]/.test(written)) continue;
    const said = aligned.flatMap((skipped) => saidInBase64(written.slice(skipped)));
    const [start, end] = sourceOf(level, match.index, match.index + written.length);
    if (said.length > 0) found.push({ start, end, said });
  }
  return found;
}

function saidInBase64(written: string): readonly string[] {
  const said = Buffer.from(written, 'base64').toString('utf8');
  // What is no text says nothing; its last character may be cut in two.
  // oxlint-disable-next-line no-control-regex -- as above
  if (/[\u0000-\u0008\ufffd]/.test(said.slice(0, -3))) return [];
  return levelsOf(said).map(({ text }) => folded(text).text);
}
