import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AnyDestination } from '../../../core/index.ts';
import { checkDestination, type CheckResult } from '../../../core/testing/index.ts';
import kites from './kites/index.ts';
import { response } from './kites/response.ts';

/** A file of contract/, such as `replies/ok.json`, and what is in it. */
export type Recorded = Readonly<Record<string, object>>;

const config = { account: 'acc-1', apiKey: 'key-1-example' };
const provenance = { source: 'docs', recordedOn: '2026-11-22' };

export const reply = (status: number, body?: unknown, more: object = {}): object => ({
  status,
  ...(body === undefined ? {} : { body }),
  ...provenance,
  ...more,
});

/** A case of so many sales, each of another person. */
export const sales = (replies: readonly string[], kinds: readonly string[]): object => ({
  title: 'sales leave, and what is answered counts',
  config,
  events: kinds.map((_, number) => ({
    base: 'order-completed-web',
    with: { messageId: `m-${number}`, 'context.traits.email': `person-${number}@example.com` },
  })),
  replies,
  outcomes: kinds.map((kind) => ({ kind })),
});

/**
 * The checks of the folder kites whose title begins like that, by title; with other members of its response handler,
 * and with these files beside those of its contract, or, with `only`, in their place.
 */
export async function checksOfKites(
  title: RegExp,
  handler: object,
  recorded: Recorded = {},
  { only = false }: { readonly only?: boolean } = {},
): Promise<readonly CheckResult[]> {
  const root = mkdtempSync(path.join(tmpdir(), 'spillway-'));
  const folder = path.join(root, 'kites');
  try {
    cpSync(path.resolve('test/support/contract/kites'), folder, { recursive: true });
    if (only) rmSync(path.join(folder, 'contract'), { recursive: true });
    for (const [file, json] of Object.entries(recorded)) {
      const at = path.join(folder, 'contract', file);
      mkdirSync(path.dirname(at), { recursive: true });
      writeFileSync(at, JSON.stringify(json));
    }
    const definition = { ...kites, response: { ...response, ...handler } } as AnyDestination;
    const results: CheckResult[] = [];
    for await (const result of checkDestination(folder, { definition, only: title })) results.push(result);
    return results.slice(1);
  } finally {
    rmSync(root, { recursive: true });
  }
}
