import { inspect } from 'node:util';
import type { AnyOperation, OperationList } from '../../index.ts';
import { callNames, callTitle, loadCall, type LoadedCall } from '../kit/call-case.ts';
import { connectionOf, withKitConnection, type KitConnection, type KitScript } from '../kit/kit-connection.ts';
import type { SeenRequest } from '../kit/seen-request.ts';
import { secretSettings, settingsSchema } from '../kit/settings.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { inOrder, type ScriptedReply } from '../kit/vendor-double.ts';
import { comparable } from './case-checks.ts';
import { during, must, type Check } from './check.ts';
import { mustHappen } from './what-happened.ts';

/** One check per file in contract/calls, and the promises of every operation and credential check. */
export const callChecks = (directory: string): readonly Check[] => [
  ...callNames(directory).map((name): Check => ({
    title: `call ${name}: ${callTitle(directory, name)}`,
    run: (folder) => runCall(folder, loadCall(directory, name)),
  })),
  {
    title: 'operations: each has a call that succeeds, and one that is refused or invalid',
    skipReason: ({ definition }) => noOperations(definition),
    run({ definition }) {
      const calls = loadedCalls(directory);
      const missing = Object.keys(operationsOf(definition)).flatMap((name) => {
        const results = calls.filter(({ operation }) => operation === name).map(({ result }) => result.kind);
        return [
          ...(results.includes('done') ? [] : [`${name} done`]),
          ...(results.some((kind) => kind !== 'done') ? [] : [`${name} not done`]),
        ];
      });
      must(missing.length === 0, `contract/calls does not show: ${missing.join(', ')}`);
    },
  },
  {
    title: 'operations: a lost or garbled answer never counts as success, and nothing is done twice',
    skipReason: ({ definition }) => noOperations(definition),
    async run(folder) {
      const done = succeedingCalls(folder, directory);
      for (const call of done) {
        const { idempotent } = operationsOf(folder.definition)[call.operation as string] as AnyOperation;
        for (const last of [
          { fault: 'reset' },
          { fault: 'timeout' },
          { status: 500 },
          { status: 200, body: '<html>' },
        ]) {
          const before = call.replies.slice(0, -1);
          await during(`${call.name}, ${JSON.stringify(last)}`, () =>
            callOn(folder, call, endingWith(before, last as ScriptedReply), async (result, kit) => {
              must(result.kind !== 'done', 'it is done');
              must(idempotent || result.kind === 'unknown', `it is ${result.kind}, and may have been done`);
              const sent = kit.vendor.requests.length - before.length;
              must(idempotent || sent === 1, `it was sent ${sent} times`);
            }),
          );
        }
      }
    },
  },
  {
    title: 'operations: no secret shows in a result or a signal, also when the vendor repeats it',
    skipReason: ({ definition }) => noOperations(definition),
    async run(folder) {
      const done = succeedingCalls(folder, directory);
      for (const call of done) {
        const secrets = secretSettings(settingsSchema(folder.definition))
          .map(({ path }) =>
            path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], call.config),
          )
          .filter((value): value is string => typeof value === 'string');
        for (const status of [400, 401, 404, 500]) {
          await callOn(
            folder,
            call,
            (request) => ({ status, body: quoting(request) }),
            async (result, kit) => {
              const inspection = inspect([result, kit.signals], { depth: 8, maxStringLength: 100_000 });
              for (const secret of [...secrets, ...credentialsSent(call.config, kit.vendor.requests)])
                must(!inspection.includes(secret), `${call.name}: ${status} shows a secret`);
            },
          );
        }
      }
    },
  },
  {
    title: 'check: only the statuses it lists mean ok or refused; it sends one request and suspends nothing',
    skipReason({ definition: { check } }) {
      if (check === undefined) return 'this destination has no credential check';
      return 'none' in check ? check.none : undefined;
    },
    async run(folder) {
      const { check } = folder.definition;
      if (check === undefined || 'none' in check) return;
      const expected = (status: number): string =>
        check.ok.includes(status) ? 'ok' : check.refused.includes(status) ? 'refused' : 'unreachable';
      const statuses = [...check.ok, ...check.refused, 204, 302, 418, 429, 500, 503];
      const pages = [...check.ok, ...statuses.filter((status) => status < 300)];
      const answers: readonly (readonly [ScriptedReply, string])[] = [
        // A 2xx without a body is ok if that is the vendor's form of success, so it is not tried here.
        ...statuses.filter((status) => status >= 300).map((status) => [{ status }, expected(status)] as const),
        ...pages.map((status) => [{ status, body: '<html>OK</html>' }, 'unreachable'] as const),
        ...pages.map((status) => [{ status, body: '{"status":"o' }, 'unreachable'] as const),
        ...check.ok.map((status) => [{ status, body: { error: 'Invalid API key' } }, 'refused'] as const),
        ...check.ok.map((status) => [{ status, body: { code: 401 } }, 'refused'] as const),
        [{ fault: 'refused' }, 'unreachable'],
        [{ fault: 'timeout' }, 'unreachable'],
      ];
      for (const [answer, kind] of answers) {
        await withKitConnection(
          folder,
          () => answer,
          async (kit) => {
            const result = await kit.connection.check();
            must(result.kind === kind, `${JSON.stringify(answer)} says ${result.kind}, not ${kind}`);
            must(kit.vendor.requests.length === 1, `it asks ${kit.vendor.requests.length} times`);
            must(kit.connection.suspended().length === 0, 'it suspends the connection');
            kit.assertNoDefects();
          },
        );
      }
    },
  },
];

const operationsOf = ({ operations }: ContractFolder['definition']): OperationList => operations?.list ?? {};

const noOperations = (definition: ContractFolder['definition']): string | undefined =>
  Object.keys(operationsOf(definition)).length === 0 ? 'this destination has no operations' : undefined;

function loadedCalls(directory: string): readonly LoadedCall[] {
  return callNames(directory).map((name) => loadCall(directory, name));
}

/** For each operation, a case in which it succeeds. */
function succeedingCalls({ definition }: ContractFolder, directory: string): readonly LoadedCall[] {
  const calls = loadedCalls(directory).filter(({ result }) => result.kind === 'done');
  return Object.keys(operationsOf(definition)).flatMap(
    (name) => calls.find(({ operation }) => operation === name) ?? [],
  );
}

const endingWith =
  (before: readonly ScriptedReply[], last: ScriptedReply): KitScript =>
  (_, position) =>
    before[position] ?? last;

const quoting = (request: SeenRequest): object => ({
  error: `refused ${request.url} ${JSON.stringify(request.headers)}`,
});

/** Settings that are sent in a header or a query: credentials, whether marked secret or not. */
function credentialsSent(config: unknown, requests: readonly SeenRequest[]): readonly string[] {
  const sent = requests.flatMap(({ url, headers }) => [
    ...new URL(url).searchParams.values(),
    ...Object.values(headers),
  ]);
  return textsIn(config).filter((text) => text.length >= 6 && sent.some((value) => value.includes(text)));
}

const textsIn = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
};

interface Result {
  readonly kind: string;
}

async function callOn(
  folder: ContractFolder,
  call: LoadedCall,
  script: KitScript,
  then: (result: Result, kit: KitConnection) => Promise<void>,
): Promise<void> {
  const { operation, input, confirmed } = call;
  await withKitConnection(
    folder,
    script,
    async (kit) => {
      const { connection } = kit;
      const callOptions = confirmed === undefined ? {} : { confirmed };
      await then(
        operation === undefined ? await connection.check() : await connection.call(operation, input, callOptions),
        kit,
      );
      kit.assertNoDefects();
    },
    connectionOf(call),
  );
}

async function runCall(folder: ContractFolder, loaded: LoadedCall): Promise<void> {
  const { replies, requests, result: expected } = loaded;
  await callOn(folder, loaded, inOrder(...replies), async (result, { vendor }) => {
    mustHappen(
      {
        requests: vendor.requests.map(comparable),
        requestCount: vendor.requests.length,
        results: [result],
        nameOf: callName,
      },
      { requests: requests?.map(comparable), requestCount: replies.length, results: [expected], nameOf: callName },
    );
  });
}

const callName = (): string => 'the call';
