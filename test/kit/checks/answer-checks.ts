import type { Outcome, OutcomeKind } from '../../../core/index.ts';
import { withProbe, type Probe, type ProbeOptions } from '../probe.ts';
import type { Subject } from '../subject.ts';
import { inOrder, type Script, type ScriptedReply } from '../vendor-double.ts';
import { yesStatuses } from '../yes.ts';
import { during, must, type Check } from './check.ts';

/** What a folder must make of a vendor's answers, whatever the vendor. */
export const answerChecks: readonly Check[] = [
  {
    title: 'answers: 429 is asked again, and not before the Retry-After has passed',
    async run(subject) {
      const throttled = { status: 429, headers: { 'retry-after': '7' } };
      await ask(subject, inOrder(throttled, subject.yes), async ({ outcome, probe }) => {
        is(outcome, 'delivered');
        must(probe.waited() >= 7000, `it waited ${probe.waited()} ms`);
      });
    },
  },
  {
    title: 'answers: 500, 503, 421, 423, 424 and 425 are asked again; when they last, the event is deferred',
    async run(subject) {
      for (const status of [500, 503, 421, 423, 424, 425]) {
        await during(String(status), async () => {
          await ask(subject, inOrder({ status }, subject.yes), async ({ outcome }) => is(outcome, 'delivered'));
          await ask(
            subject,
            () => ({ status }),
            async ({ outcome }) => is(outcome, 'deferred'),
          );
        });
      }
    },
  },
  {
    title: 'answers: 401 suspends, and the next event is not even tried',
    async run(subject) {
      await ask(
        subject,
        () => ({ status: 401 }),
        async ({ outcome, probe }) => {
          is(outcome, 'suspended');
          const [next] = await probe.deliver([{ ...subject.event, messageId: 'm-next' }]);
          is(next, 'suspended');
          must(probe.vendor.requests.length === 1, `${probe.vendor.requests.length} requests left`);
        },
      );
    },
  },
  {
    title: 'answers: a gateway that gave up (499, 502, 504, 520 to 524) leaves the event in doubt, as a time-out does',
    async run(subject) {
      for (const status of [499, 502, 504, 520, 521, 522, 523, 524]) {
        await during(String(status), async () => {
          const script = inOrder({ status }, subject.yes);
          await ask(subject, script, async ({ outcome }) => is(outcome, 'delivered'), {
            options: { onAmbiguous: 'retry' },
          });
          await ask(
            subject,
            script,
            async ({ outcome, probe }) => {
              is(outcome, 'unknown');
              must(probe.vendor.requests.length === 1, `${probe.vendor.requests.length} requests left`);
            },
            { options: { onAmbiguous: 'report' } },
          );
          for (const later of [400, 401, 402, 451]) {
            const then = inOrder({ status }, { status: later });
            const probing: ProbeOptions = { options: { onAmbiguous: 'retry' }, unwatched: true };
            const honest = async ({ outcome }: Asked) =>
              must(
                outcome?.kind === 'unknown' || outcome?.kind === 'deferred',
                `${later} after it is ${outcome?.kind}, though the vendor may have the event`,
              );
            await ask(subject, then, honest, probing);
          }
        });
      }
    },
  },
  {
    title: 'answers: 402, 407, 426, 428 and 511 suspend: nothing gets through until somebody has done something',
    async run(subject) {
      for (const status of [402, 407, 426, 428, 511]) {
        await during(String(status), () =>
          ask(
            subject,
            () => ({ status }),
            async ({ outcome }) => is(outcome, 'suspended'),
          ),
        );
      }
    },
  },
  {
    title: 'answers: an odd 4xx to a lone event is final',
    async run(subject) {
      for (const status of [400, 406, 409, 418, 422, 431]) {
        await ask(
          subject,
          () => ({ status }),
          async ({ outcome, probe }) => {
            must(probe.vendor.requests.length === 1, `${status} is asked ${probe.vendor.requests.length} times`);
            must(outcome?.kind !== 'delivered' && outcome?.kind !== 'deferred', `${status} is ${outcome?.kind}`);
          },
        );
      }
    },
  },
  {
    title: 'answers: a redirect is not followed',
    async run(subject) {
      const away = { status: 302, headers: { location: 'https://elsewhere.example.com/' } };
      await ask(
        subject,
        () => away,
        async ({ outcome, probe }) => {
          must(probe.vendor.requests.length === 1, `${probe.vendor.requests.length} requests left`);
          must(outcome?.kind !== 'delivered', 'it counts as delivered');
        },
      );
    },
  },
  {
    title: 'answers: a request that never left is sent again',
    async run(subject) {
      await ask(subject, inOrder({ fault: 'refused' }, subject.yes), async ({ outcome }) => is(outcome, 'delivered'));
    },
  },
  {
    title: 'answers: a time-out or a reset is sent again or reported as unknown, as the connection says',
    async run(subject) {
      for (const fault of ['timeout', 'reset'] as const) {
        await during(fault, async () => {
          const script = inOrder({ fault }, subject.yes);
          await ask(subject, script, async ({ outcome }) => is(outcome, 'delivered'), {
            options: { onAmbiguous: 'retry' },
          });
          await ask(subject, script, async ({ outcome }) => is(outcome, 'unknown'), {
            options: { onAmbiguous: 'report' },
          });
        });
      }
    },
  },
  {
    title: 'answers: only what the cases call a yes counts as delivered, never garbage',
    async run(subject) {
      const yes = yesStatuses(subject);
      for (const status of statuses.filter((answered) => !yes.has(answered))) {
        for (const body of garbage) {
          await ask(
            subject,
            () => ({ status, body }),
            async ({ outcome }) =>
              must(outcome?.kind !== 'delivered', `${status} ${JSON.stringify(body)} is delivered`),
            { options: { onAmbiguous: 'report', retry: { attempts: 1 } }, unwatched: true },
          );
        }
      }
    },
  },
];

const range = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, offset) => first + offset);

/** Those that are registered or seen in the wild, and some that are neither. */
const statuses = [...range(200, 226), ...range(299, 308), ...range(400, 431), 451, 499, ...range(500, 511), 520, 599];

/** Bodies that look like a yes, or like nothing. */
const garbage: readonly unknown[] = ['', '<html>OK</html>', { status: 'OK', success: true }];

interface Asked {
  readonly outcome: Outcome | undefined;
  readonly probe: Probe;
}

/** One event to a vendor that answers so. */
async function ask(
  subject: Subject,
  script: Script | (() => ScriptedReply),
  then: (asked: Asked) => Promise<void>,
  probing: ProbeOptions = {},
): Promise<void> {
  await withProbe(
    subject,
    script,
    async (probe) => {
      const [outcome] = await probe.deliver([subject.event]);
      await then({ outcome, probe });
      probe.blameless();
    },
    probing,
  );
}

function is(outcome: Outcome | undefined, kind: OutcomeKind): void {
  must(outcome?.kind === kind, `expected ${kind}, got ${JSON.stringify(outcome)}`);
}
