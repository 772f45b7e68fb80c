import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { decide, z, type AnyDestination, type OperationList } from '../../core/index.ts';
import { failuresOf } from '../support/contract/failures.ts';
import paperplane from '../support/contract/paperplane/index.ts';
import { operations } from '../support/contract/paperplane/operations/index.ts';

let folder = '';
beforeEach(() => {
  const root = mkdtempSync(path.join(tmpdir(), 'spillway-'));
  folder = path.join(root, 'paperplane');
  cpSync(path.resolve('test/support/contract/paperplane'), folder, { recursive: true });
  rmSync(path.join(folder, 'contract/calls'), { recursive: true });
  mkdirSync(path.join(folder, 'contract/calls'));
  reply('folded', { status: 200, body: { plane: 'p-1' } });
  reply('no-paper', { status: 409, body: { error: 'no paper' } });
});
afterEach(() => rmSync(path.dirname(folder), { recursive: true }));

const write = (file: string, content: object): void =>
  writeFileSync(path.join(folder, 'contract', file), JSON.stringify(content));
const reply = (name: string, answer: object): void =>
  write(`replies/${name}.json`, { ...answer, source: 'docs', recordedOn: '2026-11-22' });
const call = (name: string, content: object): void =>
  write(`calls/${name}.json`, {
    title: `PAPER-20 the call ${name} says what happens`,
    config: { account: 'acc-1', apiKey: 'key-1-example' },
    operation: 'fold-plane',
    input: { body: { paper: 'A4' } },
    ...content,
  });

const foldPlane = operations.list['fold-plane'];

const withOperations = (list: OperationList = { 'fold-plane': foldPlane }): AnyDestination => ({
  ...paperplane,
  operations: { base: operations.base, list },
});

const failures = (definition: AnyDestination, only = /^(?:call|operations|check)/): Promise<string> =>
  failuresOf(folder, { definition, only });

describe('operations under the contract kit', () => {
  beforeEach(() => {
    call('folded', { replies: ['folded'], result: { kind: 'done', reply: { plane: 'p-1' } } });
    call('no-paper', { replies: ['no-paper'], result: { kind: 'rejected', reason: { status: 409 } } });
  });

  test('a folder that shows them pass', async () => {
    expect(await failures(withOperations())).toBe('');
  });

  test('a result, a request or a number of replies that is not what happens is caught', async () => {
    call('folded', {
      replies: ['folded'],
      requests: [{ method: 'PUT', url: 'https://api.paperplane.example.com/accounts/acc-1/planes', headers: {} }],
      result: { kind: 'done' },
    });
    call('no-paper', { replies: ['no-paper', 'folded'], result: { kind: 'rejected' } });
    call('other', { replies: ['folded'], result: { kind: 'done', reply: { plane: 'p-2' } } });
    const found = await failures(withOperations());
    expect(found).toMatch(/call folded[^]*PUT/);
    expect(found).toMatch(/call no-paper[^]*<- 1 request left, 2 expected$/m);
    expect(found).toMatch(/call other.*<- the call: reply.plane is "p-1", not "p-2"\n[^]*p-2/);
    expect(found).toMatch(/call folded.*<- request 0: method is "POST", not "PUT"$/m);
  });

  test('one that is never shown, or never refused, is caught', async () => {
    rmSync(path.join(folder, 'contract/calls/no-paper.json'));
    const list = { 'fold-plane': foldPlane, 'burn-plane': foldPlane };
    expect(await failures(withOperations(list))).toMatch(
      /contract\/calls does not show: fold-plane not done, burn-plane done, burn-plane not done/,
    );
  });

  test('one that takes anything for a yes is caught', async () => {
    const gullible = { ...foldPlane, reply: z.unknown(), success: [200, 500] };
    expect(await failures(withOperations({ 'fold-plane': gullible }))).toMatch(/it is done/);
  });

  test('one that is sent again though it must not be is caught', async () => {
    call('no-paper', { replies: ['no-paper'], result: { kind: 'rejected' } });
    const retried = {
      ...foldPlane,
      errors: [{ status: 500, means: decide('reject', 'vendor_rejected', 'Try again') }],
    };
    expect(await failures(withOperations({ 'fold-plane': retried }))).toMatch(/it is rejected, and may have been done/);
  });

  test('a call case with an unknown key names its file', async () => {
    call('typo', { replys: [], replies: [], result: { kind: 'invalid' } });
    expect(await failures(withOperations())).toMatch(/contract\/calls\/typo\.json: .*replys/);
  });
});

test('a credential check that takes more for a yes than it says is caught by its own statuses', async () => {
  call('check', { operation: undefined, input: undefined, replies: ['no-paper'], result: { kind: 'ok' } });
  const check = {
    request: () => ({ method: 'GET', url: 'https://api.paperplane.example.com/me', headers: {} }) as const,
    proves: 'There is no paper.',
    ok: [409],
    refused: [401],
  };
  expect(await failures({ ...paperplane, check }, /^(?:call|check)/)).toBe('');
  const elsewhere = { ...check, request: () => ({ ...check.request(), url: 'https://elsewhere.example.com/me' }) };
  expect(await failures({ ...paperplane, check: elsewhere }, /^check/)).toMatch(
    /check: only the statuses[^]*unreachable/,
  );
});
