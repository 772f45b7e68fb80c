import type { Outcome, OutcomeKind } from '../../index.ts';
import {
  withKitConnection,
  type KitConnection,
  type KitConnectionOptions,
  type KitScript,
} from '../kit/kit-connection.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { inOrder, type ScriptedReply } from '../kit/vendor-double.ts';
import { successStatuses } from '../kit/success-reply.ts';
import { during, must, type Check } from './check.ts';

/** How a folder must treat a vendor's answers, whatever the vendor. */
export const answerChecks: readonly Check[] = [
  {
    title: 'answers: 429 is asked again, and not before the Retry-After has passed',
    async run(folder) {
      const throttled = { status: 429, headers: { 'retry-after': '7' } };
      await ask(folder, inOrder(throttled, folder.successReply), async ({ outcome, kit }) => {
        is(outcome, 'delivered');
        must(kit.waitedMs() >= 7000, `it waited ${kit.waitedMs()} ms`);
      });
    },
  },
  {
    title: 'answers: 500, 503, 421, 423, 424 and 425 are asked again; when they last, the event is deferred',
    async run(folder) {
      for (const status of [500, 503, 421, 423, 424, 425]) {
        await during(String(status), async () => {
          await ask(folder, inOrder({ status }, folder.successReply), async ({ outcome }) => is(outcome, 'delivered'));
          await ask(
            folder,
            () => ({ status }),
            async ({ outcome }) => is(outcome, 'deferred'),
          );
        });
      }
    },
  },
  {
    title: 'answers: 401 suspends, and the next event is not even tried',
    async run(folder) {
      await ask(
        folder,
        () => ({ status: 401 }),
        async ({ outcome, kit }) => {
          is(outcome, 'suspended');
          const [next] = await kit.deliver([{ ...folder.event, messageId: 'm-next' }]);
          is(next, 'suspended');
          must(kit.vendor.requests.length === 1, `${kit.vendor.requests.length} requests left`);
        },
      );
    },
  },
  {
    title: 'answers: a gateway that gave up (499, 502, 504, 520 to 524) is ambiguous, as a time-out is',
    async run(folder) {
      for (const status of [499, 502, 504, 520, 521, 522, 523, 524]) {
        await during(String(status), async () => {
          const script = inOrder({ status }, folder.successReply);
          await ask(folder, script, async ({ outcome }) => is(outcome, 'delivered'), {
            options: { onAmbiguous: 'retry' },
          });
          await ask(
            folder,
            script,
            async ({ outcome, kit }) => {
              is(outcome, 'unknown');
              must(kit.vendor.requests.length === 1, `${kit.vendor.requests.length} requests left`);
            },
            { options: { onAmbiguous: 'report' } },
          );
          for (const later of [400, 401, 402, 451]) {
            const then = inOrder({ status }, { status: later });
            const connectionOptions: KitConnectionOptions = { options: { onAmbiguous: 'retry' }, unobserved: true };
            const honest = async ({ outcome }: Result) =>
              must(
                outcome?.kind === 'unknown' || outcome?.kind === 'deferred',
                `${later} after it is ${outcome?.kind}, though the vendor may have the event`,
              );
            await ask(folder, then, honest, connectionOptions);
          }
        });
      }
    },
  },
  {
    title: 'answers: 402, 407, 426, 428 and 511 suspend: nothing gets through until a person acts',
    async run(folder) {
      for (const status of [402, 407, 426, 428, 511]) {
        await during(String(status), () =>
          ask(
            folder,
            () => ({ status }),
            async ({ outcome }) => is(outcome, 'suspended'),
          ),
        );
      }
    },
  },
  {
    title: 'answers: an odd 4xx to a lone event is final',
    async run(folder) {
      for (const status of [400, 406, 409, 418, 422, 431]) {
        await ask(
          folder,
          () => ({ status }),
          async ({ outcome, kit }) => {
            must(kit.vendor.requests.length === 1, `${status} is asked ${kit.vendor.requests.length} times`);
            must(outcome?.kind !== 'delivered' && outcome?.kind !== 'deferred', `${status} is ${outcome?.kind}`);
          },
        );
      }
    },
  },
  {
    title: 'answers: a redirect is not followed',
    async run(folder) {
      const away = { status: 302, headers: { location: 'https://elsewhere.example.com/' } };
      await ask(
        folder,
        () => away,
        async ({ outcome, kit }) => {
          must(kit.vendor.requests.length === 1, `${kit.vendor.requests.length} requests left`);
          must(outcome?.kind !== 'delivered', 'it counts as delivered');
        },
      );
    },
  },
  {
    title: 'answers: a request that never left is sent again',
    async run(folder) {
      await ask(folder, inOrder({ fault: 'refused' }, folder.successReply), async ({ outcome }) =>
        is(outcome, 'delivered'),
      );
    },
  },
  {
    title: 'answers: a time-out or a reset is sent again or reported as unknown, as the connection says',
    async run(folder) {
      for (const fault of ['timeout', 'reset'] as const) {
        await during(fault, async () => {
          const script = inOrder({ fault }, folder.successReply);
          await ask(folder, script, async ({ outcome }) => is(outcome, 'delivered'), {
            options: { onAmbiguous: 'retry' },
          });
          await ask(folder, script, async ({ outcome }) => is(outcome, 'unknown'), {
            options: { onAmbiguous: 'report' },
          });
        });
      }
    },
  },
  {
    title: 'answers: only the forms of success in the cases count as delivered, never garbage',
    async run(folder) {
      const success = successStatuses(folder);
      for (const status of statuses.filter((answered) => !success.has(answered))) {
        for (const body of garbage) {
          await ask(
            folder,
            () => ({ status, body }),
            async ({ outcome }) =>
              must(outcome?.kind !== 'delivered', `${status} ${JSON.stringify(body)} is delivered`),
            { options: { onAmbiguous: 'report', retry: { attempts: 1 } }, unobserved: true },
          );
        }
      }
    },
  },
];

const range = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, offset) => first + offset);

/** Registered statuses, some seen in the wild, and some that are neither. */
const statuses = [...range(200, 226), ...range(299, 308), ...range(400, 431), 451, 499, ...range(500, 511), 520, 599];

/** Bodies that resemble a success, or nothing at all. */
const garbage: readonly unknown[] = ['', '<html>OK</html>', { status: 'OK', success: true }];

interface Result {
  readonly outcome: Outcome | undefined;
  readonly kit: KitConnection;
}

/** Delivers one event to a vendor with these answers. */
async function ask(
  folder: ContractFolder,
  script: KitScript | (() => ScriptedReply),
  then: (result: Result) => Promise<void>,
  connectionOptions: KitConnectionOptions = {},
): Promise<void> {
  await withKitConnection(
    folder,
    script,
    async (kit) => {
      const [outcome] = await kit.deliver([folder.event]);
      await then({ outcome, kit });
      kit.assertNoDefects();
    },
    connectionOptions,
  );
}

function is(outcome: Outcome | undefined, kind: OutcomeKind): void {
  must(outcome?.kind === kind, `expected ${kind}, got ${JSON.stringify(outcome)}`);
}
