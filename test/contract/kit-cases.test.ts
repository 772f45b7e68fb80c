import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadCall, loadCase } from '../../core/testing/index.ts';
import { failuresOf } from '../support/contract/failures.ts';
import paperplane from '../support/contract/paperplane/index.ts';

let folder = '';
beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'spillway-')), 'paperplane');
  cpSync(path.resolve('test/support/contract/paperplane'), folder, { recursive: true });
});
afterEach(() => rmSync(path.dirname(folder), { recursive: true }));

const write = (name: string, content: object, kind = 'cases'): void =>
  writeFileSync(path.join(folder, 'contract', kind, `${name}.json`), JSON.stringify(content));
const purchase = JSON.parse(
  readFileSync(path.resolve('test/support/contract/paperplane/contract/cases/purchase.json'), 'utf8'),
);
const failures = (only: RegExp): Promise<string> => failuresOf(folder, { definition: paperplane, only });
const title = 'PAPER-10 a case that says little';

describe('F-44 values that a case computes', () => {
  const request = (headers: object, body: unknown) => ({
    title,
    ...purchase,
    requests: [{ ...purchase.requests[0], headers, body }],
  });
  const written = (headers: object, body: unknown) => {
    write('computed', request(headers, body));
    const [first] = loadCase(folder, 'computed').requests ?? [];
    return { headers: first?.headers, body: first?.body };
  };
  const digest = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('hex');

  test('are digests and encodings of a text, anywhere in a body and in a header', () => {
    const credentials = { concat: ['Basic ', { base64: 'key:s\u00e9cret' }] };
    expect(
      written({ authorization: credentials, 'x-plain': 'as it is' }, [
        { em: [{ sha256: 'jane@example.com' }], md5: { md5: 'a' }, twice: { sha256: { md5: 'a' } }, other: { a: 1 } },
      ]),
    ).toEqual({
      headers: { authorization: 'Basic a2V5OnPDqWNyZXQ=', 'x-plain': 'as it is' },
      body: [
        {
          em: [digest('sha256', 'jane@example.com')],
          md5: digest('md5', 'a'),
          twice: digest('sha256', digest('md5', 'a')),
          other: { a: 1 },
        },
      ],
    });
  });

  test('stand for themselves inside a literal, and beside other members', () => {
    const body = { a: { literal: { sha256: 'x' } }, b: { sha256: 'x', salt: 'y' } };
    expect(written({}, body).body).toEqual({ a: { sha256: 'x' }, b: { sha256: 'x', salt: 'y' } });
  });

  test('take part in the comparison', async () => {
    const { body } = purchase.requests[0];
    const authorization = { concat: ['Bearer ', 'key-1-example'] };
    write('purchase', request({ ...purchase.requests[0].headers, authorization }, body));
    expect(await failures(/^case purchase/)).toBe('');
    write('purchase', request({ ...purchase.requests[0].headers, authorization: { sha256: 'a' } }, body));
    expect(await failures(/^case purchase/)).toMatch(
      /<- request 0: headers.authorization is "Bearer key-1-example", not "ca97/,
    );
  });

  test.each([
    [{ sha256: 7 }, /computed\.json: requests\.0\.body\.0\.sha256: must be a text, or be computed as one/],
    [{ concat: 'a' }, /computed\.json: requests\.0\.body\.0\.concat: must be a list of texts/],
    [{ concat: ['a', null] }, /computed\.json: requests\.0\.body\.0\.concat\.1: must be a text/],
  ])('that are written wrong, %j, are told by their place', (value, why) => {
    expect(() => written({}, [value])).toThrow(why);
  });
});

describe('F-44 a case that extends another', () => {
  test('is that case with its own members merged in, and single paths set and removed', () => {
    write('other', {
      title,
      extends: 'purchase',
      config: { account: 'acc-2' },
      with: { 'requests.0.body.0.account': 'acc-2', 'events.0.with': { 'properties.total': 3 } },
      without: ['requests.0.headers.content-encoding'],
    });
    const loaded = loadCase(folder, 'other');
    expect(loaded).toMatchObject({ title, name: 'other', config: { account: 'acc-2', apiKey: 'key-1-example' } });
    expect(loaded.events[0]).toMatchObject({ properties: { total: 3 } });
    expect(loaded.requests?.[0]?.body).toEqual([{ ...purchase.requests[0].body[0], account: 'acc-2' }]);
    expect(loaded.requests?.[0]?.headers).not.toHaveProperty('content-encoding');
    expect(loadCase(folder, 'purchase').config).toEqual(purchase.config);
  });

  test('sets a whole body at its path, which is compared like any other', async () => {
    const body = [{ ...purchase.requests[0].body[0], account: 'acc-2' }];
    const other = { title, extends: 'purchase', config: { account: 'acc-2' }, with: { 'requests.0.body': body } };
    write('other', other);
    expect(await failures(/^case other/)).toBe('');
    write('other', { ...other, with: { 'requests.0.body': [] } });
    expect(await failures(/^case other/)).not.toBe('');
  });

  test('replaces a list as a whole, and can be extended itself', async () => {
    write('one', { title, extends: 'purchase', config: { account: 'acc-2' }, requests: undefined });
    write('two', {
      title,
      extends: 'one',
      events: [{ base: 'page-home' }],
      replies: [],
      with: { requests: [] },
      outcomes: [{ kind: 'skipped' }],
    });
    expect(loadCase(folder, 'two')).toMatchObject({ config: { account: 'acc-2' }, replies: [], requests: [] });
    expect(await failures(/^case two/)).toBe('');
  });

  test('works for a call, too', () => {
    write('other-plane', { title, extends: 'no-paper', with: { 'input.body.paper': 'A5' } }, 'calls');
    expect(loadCall(folder, 'other-plane')).toMatchObject({
      replyNames: ['no-paper'],
      input: { body: { paper: 'A5' } },
    });
  });

  test('fails where names or paths do not exist, go in a circle, or are none', async () => {
    write('nobody', { title, extends: 'purchas' });
    write('left', { title, extends: 'right' });
    write('right', { title, extends: 'left' });
    write('own', { title, extends: 'own' });
    write('number', { title, extends: 7 });
    write('nowhere', { title, extends: 'purchase', without: ['requests.0.headers.x'] });
    write('no-base', { title, extends: 'purchase', without: ['base'] });
    write('no-field', { title, extends: 'purchase', events: [{ base: 'page-home', without: ['properties.x'] }] });
    write('todo', { title, todo: 'ask' });
    write('unwritten', { title, extends: 'todo' });
    write('untitled', { extends: 'purchase' });
    const found = await failures(/^case (?:nobody|left|own|number|nowhere|no-base|no-field|unwritten|untitled)/);
    expect(found).toMatch(/cases\/nobody\.json: extends: there is no contract\/cases\/purchas\.json/);
    expect(found).toMatch(
      /cases\/left\.json: extends: a circle: left -> right -> left|right\.json: extends: a circle: left -> right -> left/,
    );
    expect(found).toMatch(/cases\/own\.json: extends: a circle: own -> own/);
    expect(found).toMatch(/cases\/number\.json: extends: must be the name of a case/);
    expect(found).toMatch(
      /cases\/nowhere\.json: "without" names requests\.0\.headers\.x, which the extended case purchase does not have/,
    );
    expect(found).toMatch(/"without" names base, which the extended case purchase does not have/);
    expect(found).toMatch(/events\.0: "without" names properties\.x, which the event page-home does not have/);
    expect(found).toMatch(/cases\/unwritten\.json: extends: contract\/cases\/todo\.json is still to be written/);
    expect(found).toMatch(/cases\/untitled\.json: title: /);
  });
});
