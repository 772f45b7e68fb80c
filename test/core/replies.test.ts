// Tests core/runtime/sending/read-response.ts and core/runtime/sending/unusable-reply.ts.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, test } from '@jest/globals';
import {
  errorTable,
  createRuntime,
  z,
  type ConnectionOptions,
  type DestinationManifest,
  type Outcome,
  type Runtime,
  type Signal,
} from '../../core/index.ts';
import { acme, codes, open, tracks } from '../support/runtime/test-connection.ts';

type Play = (response: ServerResponse, request: IncomingMessage) => void;

let server: Server | undefined;
let runtime: Runtime | undefined;
let requests = 0;
const signals: Signal[] = [];

afterEach(async () => {
  await runtime?.close();
  server?.closeAllConnections();
  await new Promise<void>((closed) => (server === undefined ? closed() : server.close(() => closed())));
  [server, runtime, requests] = [undefined, undefined, 0];
  signals.length = 0;
});

interface Asked {
  readonly events?: number;
  readonly manifest?: Partial<DestinationManifest>;
  readonly options?: ConnectionOptions;
  readonly parts?: Parameters<typeof acme>[0];
}

/** A vendor whose yes is any text. */
const wordy = { response: { ...errorTable<{ readonly id: string }>(), success: [{ body: /./ }] } };

/** Delivers to a vendor on loopback that answers every request as told. */
async function deliverTo(
  play: Play,
  { events = 2, manifest, options, parts = wordy }: Asked = {},
): Promise<readonly Outcome[]> {
  server = createServer((request, response) => {
    requests += 1;
    request.resume().on('end', () => play(response, request));
  });
  await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
  runtime = createRuntime({
    destinations: [acme(parts, manifest)],
    origins: { acme: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    retry: { attempts: 3, baseMs: 1, capMs: 2 },
    onSignal: (signal) => void signals.push(signal),
  });
  return open(runtime, { id: 'c-1', ...options }).deliver(tracks(events));
}

const unusable = (): readonly Signal[] => signals.filter(({ kind }) => kind === 'reply_unusable');

describe('a reply longer than is read', () => {
  const long: Play = (response) => response.end(JSON.stringify({ verdicts: 'x'.repeat(70_000) }));

  it('F-20 is cut at what the manifest says, and the signal names the place', async () => {
    const outcomes = await deliverTo(long, { manifest: { maxReplyBytes: 1_000 }, options: { onAmbiguous: 'report' } });
    expect(codes(outcomes)).toEqual(['unknown: reply_too_large', 'unknown: reply_too_large']);
    expect(outcomes[0]).toMatchObject({ reason: { message: expect.stringContaining('1000 bytes'), status: 200 } });
    expect(unusable()).toEqual([
      {
        kind: 'reply_unusable',
        slug: 'acme',
        connection: 'c-1',
        code: 'reply_too_large',
        status: 200,
        cutAtBytes: 1_000,
      },
    ]);
    expect(requests).toBe(1);
  });

  it('F-20 goes again only where what is ambiguous does, and says that it may have arrived', async () => {
    const outcomes = await deliverTo(long, { manifest: { maxReplyBytes: 1_000 }, options: { onAmbiguous: 'retry' } });
    expect(codes(outcomes)).toEqual(['deferred: reply_too_large', 'deferred: reply_too_large']);
    expect(requests).toBe(3);
  });

  test.each([
    ['as long as its items need', 500, 'delivered'],
    ['no longer than that', 10, 'unknown: reply_too_large'],
  ])('F-20 may be %s by default', async (_title, maxItems, kind) => {
    const limits = { maxItems, maxBytes: 10_000, maxAgeMs: 1_000 };
    const outcomes = await deliverTo(long, { events: 1, manifest: { limits }, options: { onAmbiguous: 'report' } });
    expect(codes(outcomes)).toEqual([kind]);
  });

  it('F-20 that refuses is a refusal all the same', async () => {
    const refuse: Play = (response) => response.writeHead(400).end('x'.repeat(70_000));
    const outcomes = await deliverTo(refuse, { events: 1, manifest: { maxReplyBytes: 1_000 } });
    expect(codes(outcomes)).toEqual(['rejected: vendor_rejected']);
    expect(unusable()).toMatchObject([{ code: 'reply_too_large', status: 400 }]);
  });
});

describe('a reply that cannot be read', () => {
  const readsEmptyAsYes = {
    response: {
      ...errorTable<{ readonly id: string }>(),
      readReply: (_exchange: unknown, { items }: { readonly items: readonly unknown[] }) =>
        items.map(() => ({ kind: 'accept' as const })),
    },
  };
  const inZstd: Play = (response) => response.writeHead(200, { 'content-encoding': 'zstd' }).end('(/...');

  test.each<[string, Asked]>([
    ['status', {}],
    ['text', { parts: readsEmptyAsYes }],
  ])('F-06 is no yes by its %s, and has a reason of its own', async (_title, asked) => {
    const outcomes = await deliverTo(inZstd, { ...asked, options: { onAmbiguous: 'report' } });
    expect(codes(outcomes)).toEqual(['unknown: reply_unreadable', 'unknown: reply_unreadable']);
    expect(unusable()).toMatchObject([{ code: 'reply_unreadable', connection: 'c-1', status: 200 }]);
  });

  test.each([
    [400, 'rejected: vendor_rejected'],
    [401, 'suspended: unauthorized'],
  ])('F-06 keeps the meaning of its %i', async (status, code) => {
    const play: Play = (response) => response.writeHead(status, { 'content-encoding': 'zstd' }).end('(/...');
    expect(codes(await deliverTo(play, { events: 1 }))).toEqual([code]);
  });

  it('F-06 is none when it is only zipped', async () => {
    const zipped = gzipSync('{"ok":true}');
    const play: Play = (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(zipped);
    expect(codes(await deliverTo(play))).toEqual(['delivered', 'delivered']);
    expect(unusable()).toEqual([]);
  });

  it('F-06 is no answer to an operation either, though the operation expects an empty one', async () => {
    const operations = {
      base: () => ({ origin: 'https://api.vendor.example', headers: {} }),
      list: {
        ping: { summary: 'p', method: 'GET', path: '/', reply: z.unknown(), errors: [], idempotent: true },
      },
    };
    await deliverTo(inZstd, { events: 0, parts: { operations } as never });
    const connection = open(runtime as Runtime, { id: 'c-2' });
    expect(await connection.call('ping')).toMatchObject({ kind: 'unknown', reason: { code: 'reply_unreadable' } });
  });
});

describe('an interim response that nobody asked for', () => {
  it.each(['report', 'retry'] as const)(
    'F-06 is sent once, whoever is told to %s what is ambiguous',
    async (onAmbiguous) => {
      const play: Play = (response) => {
        response.writeContinue();
        response.end('{}');
      };
      const outcomes = await deliverTo(play, { options: { onAmbiguous } });
      expect(codes(outcomes)).toEqual(['unknown: interim_response', 'unknown: interim_response']);
      expect(requests).toBe(1);
      expect(unusable()).toEqual([
        { kind: 'reply_unusable', slug: 'acme', connection: 'c-1', code: 'interim_response' },
      ]);
    },
  );
});
