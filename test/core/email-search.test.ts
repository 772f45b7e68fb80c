// Tests core/api/person/email-search.ts, core/api/fields/plain-text.ts and replaceEmailsInUrl of
// core/api/events/web-address.ts.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { replaceEmails, replaceEmailsInUrl } from '../../core/api/index.ts';

const replaced = (url: string) => replaceEmailsInUrl(url, (address) => `<${address}>`);

describe('F-82 an address in a URL is replaced, and nothing else', () => {
  it.each([
    ['as a parameter', '?mail=Jane@Example.com&b=1', '?mail=<jane@example.com>&b=1'],
    ['escaped', '?m=jane%40example.com#top', '?m=<jane@example.com>#top'],
    ['with a slash', '?m=sales%2Feu%40example.com', '?m=<sales/eu@example.com>'],
    ['with a tag, escaped', '?m=jane%2Btag%40example.com', '?m=<jane+tag@example.com>'],
    ['with a tag', '?m=jane+tag@example.com&b', '?m=<jane+tag@example.com>&b'],
    ['with a tag, in a path', 'u/jane+tag@example.com/edit', 'u/<jane+tag@example.com>/edit'],
    ['with a tag, in a list', '?m=mailto:jane+tag@b.co,c@d.co', '?m=mailto:<jane+tag@b.co>,<c@d.co>'],
    ['with an apostrophe', "?m=o'brien@example.com", "?m=<o'brien@example.com>"],
    ['with an apostrophe, in a path', "u/o'brien@example.com/edit", "u/<o'brien@example.com>/edit"],
    ['with an ampersand', '?m=smith%26sons%40example.com', '?m=<smith&sons@example.com>'],
    ['with two dots', '?m=jane..doe@example.com', '?m=<jane..doe@example.com>'],
    ['with a dot before the @', '?m=jane.@example.com', '?m=<jane.@example.com>'],
    ['in a path', 'u/jane@example.com/edit', 'u/<jane@example.com>/edit'],
    [
      'behind more words than a mailbox has signs',
      `u/${'word-'.repeat(20)}jane@example.com`,
      `u/${'word-'.repeat(8)}<${'word-'.repeat(12)}jane@example.com>`,
    ],
    ['in a fragment', '#/u/jane%40example.com', '#/u/<jane@example.com>'],
    ['in a fragment without a slash', '#u/jane%40example.com', '#u/<jane@example.com>'],
    ['in a URL', '?to=%2Fu%3Fm%3Da%40b.co%26c', '?to=%2Fu%3Fm%3D<a@b.co>%26c'],
    ['in a URL in a URL', '?to=%252Fu%253Fm%253Da%2540b.co', '?to=%252Fu%253Fm%253D<a@b.co>'],
    ['in links', '?to=mailto:a@b.co,c@d.co', '?to=mailto:<a@b.co>,<c@d.co>'],
    ['at the end of a sentence', '?q=to+a@b.co.', '?q=<to+a@b.co>.'],
    ['behind the spaces of a form', '?q=mail+to+jane@example.com+now', '?q=mail+to+<jane@example.com>+now'],
    ['behind a bracket', '?q=[jane@example.com]', '?q=[<jane@example.com>]'],
    ['behind a brace', '?q={jane@example.com}', '?q={<jane@example.com>}'],
    ['behind a bar', '?q=7|jane@example.com|8', '?q=7|<jane@example.com>|8'],
    ['in quotes', "?q='jane@example.com'", "?q='<jane@example.com>'"],
    ['behind one quote', "?q='jane@example.com", "?q='<jane@example.com>"],
    ['in backticks', '?q=`jane@example.com`', '?q=`<jane@example.com>`'],
    ['behind a new line', '?q=to%0Ajane@example.com%0D%0A', '?q=to%0A<jane@example.com>%0D%0A'],
    ['before signs', '?q=jane@example.com!&r=jane@example.com*', '?q=<jane@example.com>!&r=<jane@example.com>*'],
    ['before dots', '?q=jane@example.com..', '?q=<jane@example.com>..'],
    ['before more of the word', 'u/jane@example.com-old_2', 'u/<jane@example.com>-old_2'],
    ['before a type of file', 'u/jane@example.com.html', 'u/<jane@example.com>.html'],
    ['after a wrong escape', '?q=100%+%zz+%E0%A4%A+jane%40example.com+', '?q=100%+%zz+%E0%A4%A+<jane@example.com>+'],
    ['after a byte of no character', '?q=%E9%FFjane%40example.com', '?q=%E9%FF<jane@example.com>'],
    ['escaped four times', '?m=jane%2525252540example.com', '?m=<jane@example.com>'],
    ['escaped twenty times', `?m=jane%${'25'.repeat(20)}40example.com`, '?m=<jane@example.com>'],
    ['escaped sign by sign', '?m=%6Aane%25%34%30ex%61mple%2Ecom', '?m=<jane@example.com>'],
    ['with an escape in an escape', '?m=jane%%340example.com', '?m=<jane@example.com>'],
    ['after letters beyond ASCII', '?q=%C3%A9%F0%9F%98%80%20jane%40b.co%20', '?q=%C3%A9%F0%9F%98%80%20<jane@b.co>%20'],
    ['behind a hyphen', '?q=-jane@example.com', '?q=-<jane@example.com>'],
    ['before a space', "?m=o'brien%40example.com%20&b", "?m=<o'brien@example.com>%20&b"],
    ['with a full-width @', '?m=jane＠example.com', '?m=<jane@example.com>'],
    ['with a full-width @, escaped', '?m=jane%EF%BC%A0example.com', '?m=<jane@example.com>'],
    ['with a small @', '?m=jane%EF%B9%ABexample.com', '?m=<jane@example.com>'],
    ['in full-width letters', '?m=ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ', '?m=<jane@example.com>'],
    ['with an entity', '?m=jane&#64;example.com', '?m=<jane@example.com>'],
    ['with one in hexadecimal', '?m=jane&#x40;example.com', '?m=<jane@example.com>'],
    [
      'with one without its end',
      '?m=jane&#64example.com&n=jane&#x40example.com',
      '?m=<jane@example.com>&n=<jane@example.com>',
    ],
    ['behind what is no entity', '?a=1&#123@example.com', '?a=1&#<123@example.com>'],
    ['with one, escaped', '?m=jane%26%2364%3Bexample%26%2346%3Bcom', '?m=<jane@example.com>'],
    ['with one, made safe twice', '?m=jane&amp;#064;example.com', '?m=<jane@example.com>'],
    ['with one by name', '?m=jane&commat;example&period;com', '?m=<jane@example.com>'],
    ['with one of a percent sign', '?m=jane&#37;40example.com', '?m=<jane@example.com>'],
    ['with what nobody sees', '?m=ja%C2%ADne@%E2%80%8Bexample.com', '?m=<jane@example.com>'],
    ['of other scripts', '?m=иван@пример.рф', '?m=<иван@пример.рф>'],
    ['of a script beyond the first plane', '?m=😀𞤀𞤁@example.xn--p1ai', '?m=😀<𞤢𞤣@example.xn--p1ai>'],
    ['twice in a row', '?m=a@b.co@c.de', '?m=<a@b.co>'],
  ])('%s', (_how, rest, expected) => {
    expect(replaced(`https://x.example/${rest}`)).toBe(`https://x.example/${expected}`);
  });

  it('before the host', () => {
    expect(replaced('https://jane%40b.co:pw@x.example/?m=c@d.co')).toBe('https://<jane@b.co>:pw@x.example/?m=<c@d.co>');
  });

  it('in a path alone, and in an id', () => {
    expect(replaced('/u/jane@example.com')).toBe('/u/<jane@example.com>');
    expect(replaced('https://x.example\\jane@example.com/u')).toBe('https://x.example\\<jane@example.com>/u');
    expect(replaceEmails('tenant-7|Jane@example.com', () => '')).toBe('tenant-7|');
  });

  it.each([
    '',
    '?a=1&b=%20%2F%C3%A4&amp=2',
    '?m=jane%40',
    '?m=%E0%A4%A&n=100%25&o=40%40',
    `?m=${'a'.repeat(900)}@example.com`,
    '@jane/post',
    '@jane.doe/post',
    'maps/@48.85,2.35,12z',
    'user@localhost/a',
    'img/logo@2x.png',
    'img/logo%402x.3fab12.png?v=2',
    'img/image@3x.jpg',
    'img/image@1.5x.min.webp',
    'photo@home.jpg',
    '@scope/pkg@1.2.3',
    '@scope/pkg@1.2.3/dist/index.js',
    'pkg@5.0.0-alpha.beta/index.js',
    'pkg@5.0.0.rc',
    'pkg@latest/a.js',
    '?at=9@10.30&b=@@..@.com',
  ])('not in /%s', (rest) => {
    expect(replaced(`https://x.example/${rest}`)).toBe(`https://x.example/${rest}`);
    expect(replaced('https://user@x.example/a?b=40')).toBe('https://user@x.example/a?b=40');
  });
});

/** Undoes escapes pass by pass, as those who read a URL do, and not as the code does. */
function read(text: string): string {
  let before = '';
  let after = text;
  while (after !== before) {
    before = after;
    after = before
      .replaceAll(/(?:%[\da-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
      .replaceAll(/&#x([\da-f]+);/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
      .replaceAll(/&#(\d+);/g, (_, decimal: string) => String.fromCodePoint(Number(decimal)))
      .normalize('NFKC');
  }
  return after.toLowerCase();
}

describe('F-82 whatever stands around an address, and however it is escaped', () => {
  const word = fc.string({ unit: fc.constantFrom(...Array.from('abcXYZ059_')), minLength: 1, maxLength: 9 });
  const mailbox = fc
    .tuple(word, fc.array(fc.tuple(fc.constantFrom('.', '-', '_', '%2B'), word), { maxLength: 2 }))
    .map(([first, more]) => first + more.map((part) => part.join('')).join(''));
  const domain = fc.tuple(word, fc.constantFrom('com', 'co.uk', 'museum', 'xn--p1ai', 'рф'));
  const at = fc.constantFrom('@', '@', '%40', '＠', '&#64;', '&#x40;', '%EF%BC%A0');
  const address = fc
    .tuple(mailbox, at, domain)
    .map(([box, sign, [name, top]]) => `${box}${sign}${name.replaceAll('_', 'i')}.${top}`);
  const aroundIt = [
    '%0A',
    '%',
    '%zz',
    '%E0%A4%A',
    '%2F',
    '%3D',
    '%22',
    '%C3',
    '..!',
    '\u200b',
    '\u00a0',
    '\u3000',
    '😀',
    '&amp;',
  ];
  const separator = fc.constantFrom(...'+/?#&=;,:<>"()[]{}|\'`!*$^~ \n\t'.split(''), ...aroundIt);
  const noise = fc
    .array(fc.oneof(word, separator, fc.constantFrom('@', '%40', 'a@b', '@x.', 'q=', '%25', 'é', 'a@b.co')), {
      maxLength: 8,
    })
    .map((parts) => parts.join(''));
  const escaped = (text: string, times: number): string =>
    times === 0 ? text : escaped(encodeURIComponent(text), times - 1);

  it('it is not read out of the URL, and the rest is as it was', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('', '?q=', '?', '#', '#/u/', '?a=1&to=', 'u/'),
        fc.tuple(noise, separator),
        address,
        fc.tuple(separator, noise),
        fc.tuple(fc.nat(4), fc.nat(4)),
        (place, [noiseBefore, before], planted, [after, noiseAfter], [times, timesAround]) => {
          const around = (text: string) => escaped(text, Math.min(times, timesAround));
          const rest = `${around(noiseBefore + before)}${escaped(planted, times)}${around(after + noiseAfter)}`;
          const url = `https://x.example/${place}${rest}`;
          const [start = '', ...others] = replaceEmailsInUrl(url, () => '\u0007').split('\u0007');
          expect(read([start, ...others].join('\u0007'))).not.toContain(read(planted));
          const end = others.at(-1) ?? '';
          expect(url.startsWith(start) && url.endsWith(end)).toBe(true);
          if (others.length === 1 && read(url).includes(read(planted)))
            expect(read(url.slice(start.length, url.length - end.length))).toContain(read(planted));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it.each([
    'a',
    '%25',
    '@',
    '%40',
    '=',
    '%',
    'a@',
    '@.',
    'a@b.co',
    'a@b.co/',
    'a@b.co@',
    '+@b.co',
    '!a@b.co',
    ' @b.co',
    '&amp;',
    '&#64;',
    '&#0',
    '%E2%80%8B@',
    '%F0',
    '\u200ba@b.co',
    'a@1.1.a.',
    '.',
    'a.',
    ';',
    '&',
    '+',
  ])('F-82 100 kB of %j take no time', (part) => {
    const url = `https://x.example/${part.repeat(100_000 / part.length)}`;
    const deep = `https://x.example/?m=${url}%${'25'.repeat(50_000)}40&${'amp;'.repeat(25_000)}@`;
    const started = performance.now();
    replaced(url);
    replaced(deep);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
