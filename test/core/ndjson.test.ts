import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLineCutter, readLines, type NdjsonLine } from '../../core/ndjson.ts';

const cutAll = (chunks: readonly (string | Uint8Array)[], maxBytes = 1_000): NdjsonLine[] => {
  const cutter = createLineCutter(maxBytes);
  return [
    ...chunks.flatMap((chunk) => cutter.cut(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)),
    ...cutter.end(),
  ];
};

describe('the lines of NDJSON', () => {
  test('blank lines are skipped and counted', () => {
    expect(cutAll(['a\n\n  \t\nb\n'])).toEqual([
      { number: 1, text: 'a' },
      { number: 4, text: 'b' },
    ]);
  });

  test('a last line without a line feed counts', () => {
    expect(cutAll(['a\nb'])).toEqual([
      { number: 1, text: 'a' },
      { number: 2, text: 'b' },
    ]);
    expect(cutAll(['a\n'])).toHaveLength(1);
    expect(cutAll([''])).toEqual([]);
  });

  test('CRLF ends a line; what JSON makes of the CR is white space', () => {
    const lines = cutAll(['{"a":1}\r\n\r\n{"b":2}\r\n']);
    expect(lines.map(({ number }) => number)).toEqual([1, 3]);
    expect(lines.map((line) => JSON.parse('text' in line ? line.text : ''))).toEqual([{ a: 1 }, { b: 2 }]);
  });

  test('F-31 a byte order mark is dropped at the start of any line, also when it comes in pieces', () => {
    const marked = Buffer.from('\uFEFF{"a":1}\n\uFEFF\n\uFEFF{"b":"\uFEFF"}\n');
    const expected = [
      { number: 1, text: '{"a":1}' },
      { number: 3, text: '{"b":"\uFEFF"}' },
    ];
    expect(cutAll([marked])).toEqual(expected);
    expect(cutAll([marked.subarray(0, 1), marked.subarray(1, 2), marked.subarray(2)])).toEqual(expected);
  });

  test('U+2028, U+2029 and U+0085 do not end a line', () => {
    expect(cutAll(['"a\u2028b\u2029c\u0085d"\n'])).toEqual([{ number: 1, text: '"a\u2028b\u2029c\u0085d"' }]);
  });

  test('a line that is not UTF-8 is a fault, a replacement character in good UTF-8 is not', () => {
    expect(cutAll([Buffer.from([0x22, 0xff, 0x22, 0x0a]), 'b\uFFFD\n'])).toEqual([
      { number: 1, fault: 'not UTF-8' },
      { number: 2, text: 'b\uFFFD' },
    ]);
  });

  test('a line over the limit is a fault, wherever the chunks end, and the next one is whole again', () => {
    const tooLong = 'x'.repeat(11);
    for (const chunks of [
      [`${tooLong}\nb`],
      [tooLong, '\nb'],
      ['xxxxx', 'xxxxx', 'x\n', 'b'],
      `${tooLong}\nb`.split(''),
    ]) {
      expect(cutAll(chunks, 10)).toEqual([
        { number: 1, fault: 'too long' },
        { number: 2, text: 'b' },
      ]);
    }
    expect(cutAll([tooLong], 10)).toEqual([{ number: 1, fault: 'too long' }]);
    expect(cutAll(['x'.repeat(10)], 10)).toEqual([{ number: 1, text: 'x'.repeat(10) }]);
  });

  test('where the chunks end makes no difference', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), fc.array(fc.nat(50)), (texts, sizes) => {
        const whole = Buffer.from(texts.join('\n'));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of sizes) {
          chunks.push(whole.subarray(at, at + size));
          at = Math.min(whole.length, at + size);
        }
        expect(cutAll([...chunks, whole.subarray(at)])).toEqual(cutAll([whole]));
      }),
      { numRuns: 50 },
    );
  });

  test('a chunk may be any bytes, a view into others among them', () => {
    const around = new TextEncoder().encode('x\na\nb\ny');
    expect(cutAll([around.subarray(2, 5), around.subarray(5, 6)])).toEqual([
      { number: 1, text: 'a' },
      { number: 2, text: 'b' },
    ]);
  });

  test('what is kept of a chunk stays as it was when its memory is used again', () => {
    const cutter = createLineCutter(10);
    const memory = new Uint8Array([0x61]);
    for (const letter of [0x61, 0x62, 0x63]) {
      memory[0] = letter;
      expect(cutter.cut(memory)).toEqual([]);
    }
    memory[0] = 0x0a;
    expect(cutter.cut(memory)).toEqual([{ number: 1, text: 'abc' }]);
  });

  test('a line is there as soon as it has ended', async () => {
    let read = 0;
    async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
      for (const text of ['a\nb', '\nc']) {
        read += 1;
        yield Buffer.from(text);
      }
    }
    const seen: unknown[] = [];
    for await (const line of readLines(chunks(), 1)) seen.push([line, read]);
    expect(seen).toEqual([
      [{ number: 1, text: 'a' }, 1],
      [{ number: 2, text: 'b' }, 2],
      [{ number: 3, text: 'c' }, 2],
    ]);
  });
});
