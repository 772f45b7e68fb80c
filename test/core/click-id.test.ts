import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { clickIdOf, usableId, type CdpEvent, type JsonObject } from '../../core/api/index.ts';

const event = (parts: { context?: JsonObject; properties?: JsonObject }): CdpEvent => ({
  type: 'track',
  event: 'Viewed',
  ...parts,
});
const on = (url: string) => event({ context: { page: { url } } });
const epikOf = clickIdOf({ parameter: 'epik', paths: ['context.pinterest.epik', 'properties.epik'] });

describe('a click id', () => {
  it.each([
    ['https://shop.example/?epik=Ab1', 'Ab1'],
    ['https://shop.example/?a=1&epik=dj0yJnU9&b=2', 'dj0yJnU9'],
    ['https://shop.example/?epik=a%2Bb%3D#top', 'a+b='],
    ['https://shop.example/?epik=%20Ab%20', 'Ab'],
    ['?epik=Ab1', 'Ab1'],
    ['epik=Ab1', 'Ab1'],
    ['https://shop.example/#/cart?epik=Ab1', 'Ab1'],
    ['https://shop.example/?epik=&epik=Ab1', undefined],
    ['https://shop.example/?EPIK=Ab1', undefined],
    ['https://shop.example/?noepik=Ab1', undefined],
    ['https://shop.example/#epik=Ab1', undefined],
    ['https://shop.example/', undefined],
    ['https://shop.example/?epik=%E0%A4%A', '\uFFFD%A'],
  ])('of %s is %j', (url, wanted) => {
    expect(epikOf(on(url))?.value).toBe(wanted);
  });

  it('is looked for on each page that the event names, then in the paths', () => {
    const url = 'https://shop.example/?epik=';
    const all = {
      context: { page: { url: `${url}1`, search: '?epik=3' }, pinterest: { epik: 4 } },
      properties: { url: `${url}2`, epik: '5' },
    };
    const { context, properties } = all;
    expect(epikOf(event(all))).toEqual({ value: '1', path: 'context.page.url' });
    expect(epikOf(event({ context: { page: { search: '?epik=3' } }, properties }))).toEqual({
      value: '2',
      path: 'properties.url',
    });
    expect(epikOf(event({ context: { page: { search: '?epik=3' } } }))).toEqual({
      value: '3',
      path: 'context.page.search',
    });
    expect(epikOf(event({ context: { pinterest: context.pinterest } }))).toEqual({
      value: '4',
      path: 'context.pinterest.epik',
    });
    expect(epikOf(event({ properties: { epik: ' 5 ' } }))).toEqual({ value: '5', path: 'properties.epik' });
    expect(epikOf(event({}))).toBeUndefined();
  });

  it('has several names for some vendors: the first one that the page has', () => {
    const read = clickIdOf({ parameter: ['rtid', 'rclid'] });
    expect(read(on('https://shop.example/?rclid=2&rtid=1'))?.value).toBe('1');
    expect(read(on('https://shop.example/?rclid=2'))?.value).toBe('2');
  });

  it('of a path must pass the cast that the vendor names', () => {
    const read = clickIdOf({ parameter: 'epik', paths: ['properties.epik', 'properties.click'], as: usableId });
    expect(read(event({ properties: { epik: '000', click: 'Ab' } }))).toEqual({
      value: 'Ab',
      path: 'properties.click',
    });
  });

  it('F-52 is no word for nothing, neither in the URL nor at a path', () => {
    const properties = { epik: 'Ab' };
    const url = 'https://shop.example/?epik=undefined';
    const fromPath = { value: 'Ab', path: 'properties.epik' };
    expect(epikOf(event({ context: { page: { url } }, properties }))).toEqual(fromPath);
    expect(epikOf(event({ context: { page: { url }, pinterest: { epik: 'null' } }, properties }))).toEqual(fromPath);
    expect(epikOf(on(url))).toBeUndefined();
    expect(epikOf(event({ properties: { epik: 2 ** 53 } }))).toEqual({ value: undefined, path: 'properties.epik' });
  });

  it('is read of any JSON without an error', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.string(), (page, properties, query) => {
        const odd = { type: 'track', event: 'x', context: { page }, properties } as CdpEvent;
        expect(typeof epikOf(odd)?.value).toMatch(/^(?:string|undefined)$/);
        expect(epikOf(on(`https://shop.example/?${query}&epik=Ab1`))?.value).not.toBe('');
      }),
      {
        examples: [
          [null, null, '%'],
          ['epik=%', 'epik=%', '%E0%A4%A'],
        ],
      },
    );
  });
});
