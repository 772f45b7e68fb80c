// Tests core/api/events/event-time.ts and rare-time.ts: the spellings of a time.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseTime, type JsonValue } from '../../core/api/index.ts';

const noon = Date.UTC(2026, 0, 15, 12);

describe('F-59 a time', () => {
  it.each<[JsonValue, number]>([
    ['2026-01-15T12:00:00+00', noon],
    ['2026-01-15T12:00:00.123+00', noon + 123],
    ['2026-01-15T07:30:00-0430', noon],
    ['2026-01-15T12:00:00 +00:00', noon],
    ['2026-01-15 13:00:00 +0100', noon],
    ['2026-01-15T12:00:00,123Z', noon + 123],
    ['2026-01-15T12:00:00,1Z', noon + 100],
    ['2026-01-15T12:00:00 Z', noon],
    ['2026-01-15 12:00:00 UTC', noon],
    ['2026-01-15T12:00:00GMT', noon],
    ['2026-01-15T13:00:00 GMT+01:00', noon],
    [' 2026-01-15T12:00:00.000Z\n', noon],
    ['\u200B2026-01-15T12:00:00Z\uFEFF', noon],
    ['2026-01-15T07:30:00\u221204:30', noon],
    ['2026-01-15T13:00:00+01:00[Europe/Berlin]', noon],
    ['2026-01-15T12:00:00Z[UTC]', noon],
    ['2026-01-15 12:00:00.5 +0000 UTC', noon + 500],
    ['2026-01-15 13:00:00 +0100 CET', noon],
    ['20260115T120000Z', noon],
    ['20260115T1200Z', noon],
    ['20260115T130000.25+0100', noon + 250],
    ['Thu, 15 Jan 2026 12:00:00 GMT', noon],
    ['Thu, 15 Jan 2026 12:00:00 +0000', noon],
    ['15 jan 2026 07:30 -0430', noon],
    ['Thu Jan 15 2026 13:00:00 GMT+0100 (Central European Standard Time)', noon],
    ['2026-01-15T23:59:60Z', Date.UTC(2026, 0, 16)],
    ['2026-01-15T23:59:60.500Z', Date.UTC(2026, 0, 16) + 500],
    ['2026-01-16T00:59:60+01:00', Date.UTC(2026, 0, 16)],
    ['2026-01-15T24:00:00,0Z', Date.UTC(2026, 0, 16)],
    ['0050-01-15T12:00:00 Z', Date.parse('0050-01-15T12:00:00Z')],
    // F-54: since 1970
    ['1768478400', noon],
    [1768478400, noon],
    ['1768478400.25', noon + 250],
    [1768478400000, noon],
    ['1768478400000', noon],
    ['1768478400000000', noon],
    ['1768478400000000000', noon],
    [1768478400000000000, noon],
  ])('is read: %j', (value, at) => {
    expect(parseTime(value)).toBe(at);
  });

  it.each<[JsonValue | undefined]>([
    ['2026-01-15'],
    ['2026-01-15T12:00:00'],
    ['2026-01-15 12:00:00 CET'],
    ['2026-01-15T12:00:00[Europe/Berlin]'],
    ['2026-01-15T12:00:00+'],
    ['2026-01-15T12:00:00+1'],
    ['2026-01-15T12:00:00+24'],
    ['2026-01-15T12:00:00+01:60'],
    ['2026-02-30T12:00:00 Z'],
    ['2026-13-15T12:00:00 Z'],
    ['2026-0115T12:00:00Z'],
    ['20260115T12:0000Z'],
    ['2026-01-15T12:00:60Z'],
    ['2026-01-15T23:59:60+01:00'],
    ['2026-01-15T23:59:61Z'],
    ['2026-01-15T24:00:00,001Z'],
    ['2026-01-15T12:60:00 Z'],
    ['30 Feb 2026 12:00:00 GMT'],
    ['15 Foo 2026 12:00:00 GMT'],
    ['15/01/2026 12:00:00Z'],
    ['12026-01-15T12:00:00Z'],
    ['176847840'],
    ['17684784000'],
    ['-1768478400'],
    [1768478],
    [1e300],
    [Number.NaN],
    [true],
    [null],
    [undefined],
    [''],
    [[]],
  ])('is none without a zone, a day or a known number of digits: %j', (value) => {
    expect(parseTime(value)).toBeUndefined();
  });

  it.each<[JsonValue, string]>([
    ['2026-11-30T10:00:00.123456789Z', '2026-11-30T10:00:00.123Z'],
    ['2026-11-30T10:00:00.999999999Z', '2026-11-30T10:00:00.999Z'],
    ['2026-11-30T10:00:00.03849251303545+01:00', '2026-11-30T09:00:00.038Z'],
    ['1796032800123000000', '2026-11-30T10:00:00.123Z'],
    ['1796032800123000', '2026-11-30T10:00:00.123Z'],
    ['1796032800123456789', '2026-11-30T10:00:00.123Z'],
    ['1796032800.123', '2026-11-30T10:00:00.123Z'],
    [1796032800.123, '2026-11-30T10:00:00.123Z'],
    ['1796032800.9999', '2026-11-30T10:00:00.999Z'],
    ['1796032800123.9', '2026-11-30T10:00:00.123Z'],
    ['0050-01-15T12:00:00+01:00', '0050-01-15T11:00:00.000Z'],
  ])('F-59 loses what is finer than a millisecond, and nothing else: %j', (value, time) => {
    expect(new Date(parseTime(value) ?? Number.NaN).toISOString()).toBe(time);
  });

  it('F-59 loses no millisecond, in no number of digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1e12, max: 9e12 }), (ms) => {
        const [seconds, rest] = [Math.floor(ms / 1_000), String(ms % 1_000).padStart(3, '0')];
        const iso = new Date(ms).toISOString().slice(0, -1);
        const texts = [`${seconds}.${rest}`, `${ms}`, `${ms}000`, `${ms}999`, `${ms}000000`, `${ms}999999`];
        for (const text of [...texts, `${iso}Z`, `${iso}000000z`, `${iso}999999999999Z`])
          expect([text, parseTime(text)]).toEqual([text, ms]);
      }),
    );
  });

  it('reads every day of 1960 to 2110 in the usual spelling as Date.parse does, at both ends of the day', () => {
    const written = (at: number) => new Date(at).toISOString();
    const times: number[] = [];
    for (let at = Date.UTC(1960, 0, 1); at < Date.UTC(2111, 0, 1); at += 86_400_000) times.push(at, at + 86_399_999);
    expect(times.filter((at) => parseTime(written(at)) !== at).map(written)).toEqual([]);
  });

  it('takes no sign for a digit, and no day or hour that there is not, in the usual spelling', () => {
    const usual = '2026-03-15T11:58:43.123Z';
    const spoilt = Array.from({ length: 23 }, (_, index) => `${usual.slice(0, index)}:${usual.slice(index + 1)}`);
    const wrong = ['2026-02-29T', '2026-04-31T', '2026-13-01T', '2026-00-10T', '2026-01-00T'].map(
      (day) => day + usual.slice(11),
    );
    const late = ['24:58:43', '25:00:00', '11:60:43', '11:58:61'].map((time) => usual.replace('11:58:43', time));
    const asWritten = [...spoilt, ...wrong, ...late].filter((text) => text !== usual);
    expect(asWritten.filter((text) => parseTime(text) !== undefined)).toEqual([]);
  });

  it.each([
    ['2026-11-30T10:00:00Z+02:00'],
    ['2026-11-30T10:00:00.123Z+0200'],
    ['2026-11-30T10:00:00Z -05:00'],
    ['2026-11-30T10:00:00+02:00 UTC'],
    ['2026-11-30T10:00:00 -0500 GMT'],
    ['Mon, 30 Nov 2026 10:00:00 +0100 GMT'],
    ['2026-11-30T10:00:00+24:00'],
  ])('F-59 is none with two zones, or with one that is none: %s', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });

  it.each([
    ['2026-11-30 01:02 PM'],
    ['2026-11-30 01:02 PM Z'],
    ['2026-11-30 01:02PM +01:00'],
    ['2026-11-30 01:02 +0100 PM'],
    ['2026-11-30 01:02:03 +0100 pm'],
    ['Nov 30 2026 01:02:03 GMT+0100 AM'],
    ['2026-11-30 01:02:03 PM UTC'],
  ])('F-59 is never read half a day off: %s', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });

  it('is the same in every spelling', () => {
    const two = (number: number): string => String(number).padStart(2, '0');
    const days = fc.date({ min: new Date('1970-01-01Z'), max: new Date('2099-12-31Z'), noInvalidDate: true });
    fc.assert(
      fc.property(days, fc.integer({ min: -13 * 60, max: 14 * 60 }), (date, offset) => {
        const at = Math.floor(date.getTime() / 1_000) * 1_000;
        const local = new Date(at + offset * 60_000).toISOString().slice(0, 19);
        const [hours, minutes] = [two(Math.floor(Math.abs(offset) / 60)), two(Math.abs(offset) % 60)];
        const sign = offset < 0 ? '-' : '+';
        for (const zone of [`${sign}${hours}:${minutes}`, `${sign}${hours}${minutes}`, ` GMT${sign}${hours}${minutes}`])
          for (const text of [local, local.replace('T', ' '), `${local},000`, local.replaceAll(/[:-]/g, '')])
            expect([text + zone, parseTime(text + zone)]).toEqual([text + zone, at]);
        expect(parseTime(new Date(at).toUTCString())).toBe(at);
        expect(parseTime(new Date(at).toISOString())).toBe(at);
      }),
    );
  });

  it('is judged without holding the process up, however it is written', () => {
    const startedAt = performance.now();
    for (const part of [' ', '2026-01-15T12:00:00', '0', 'a ', '('])
      for (const length of [99, 1_000_000]) parseTime(`2026-01-15T12:00:00Z${part.repeat(length / part.length)}!`);
    expect(performance.now() - startedAt).toBeLessThan(500);
  });
});
