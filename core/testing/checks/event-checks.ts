import type { CdpEvent, Outcome } from '../../index.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { canonicalEvents, hostileEvents, hostileVariantsOf, type HostileEvent } from '../kit/events.ts';
import { withKitConnection, type KitConnection } from '../kit/kit-connection.ts';
import { always, type ScriptedReply } from '../kit/vendor-double.ts';
import { successAbout } from '../kit/success-reply.ts';
import { during, must, type Check } from './check.ts';
import { itemsOf } from './many-events.ts';
import { successForMany } from './success-for-many.ts';

/** How a folder must treat events, good and bad. */
export const eventChecks: readonly Check[] = [
  {
    title: 'events: the plainest successful case is delivered in one request',
    async run(folder) {
      await withKitConnection(folder, always(folder.successReply), async (kit) => {
        const [outcome] = await kit.deliver([folder.event]);
        must(outcome?.kind === 'delivered', `it is ${JSON.stringify(outcome)}`);
        must(kit.vendor.requests.length === 1, `it took ${kit.vendor.requests.length} requests`);
        kit.assertNoDefects();
      });
    },
  },
  {
    title: 'events: every canonical event is handled purely: frozen input, the same result twice, JSON-safe payloads',
    async run(folder) {
      await withKitConnection(folder, always(folder.successReply), async (kit) => {
        for (const [name, event] of Object.entries(canonicalEvents)) {
          await during(name, async () => {
            await kit.deliver([event]);
            await kit.connection.preview(event);
            kit.assertNoDefects();
          });
        }
      });
    },
  },
  {
    title: 'events: every hostile event gets its one outcome, and nothing throws',
    async run(folder) {
      await withKitConnection(folder, always(folder.successReply), async (kit) => {
        const variants = hostileVariantsOf(folder.event).filter(isSmall);
        for (const { title, make } of [...hostileEvents, ...variants]) {
          await during(title, async () => {
            const event = make();
            await kit.deliver([event]);
            await kit.connection.preview(event);
            kit.assertNoDefects();
          });
        }
      });
      must(({} as { polluted?: unknown }).polluted === undefined, 'Object.prototype is polluted');
    },
  },
  {
    title: 'events: good and hostile ones in one call get one outcome each, in order, and the good ones are delivered',
    async run(folder) {
      const together = await successForMany(folder);
      const small = hostileVariantsOf(folder.event).filter(isSmall);
      // An event of another name may go elsewhere in the body, where the recorded success says nothing of it.
      const apart = together === undefined ? small : small.filter(({ title }) => isRenamed.test(title));
      await mustDeliverGood(folder, apart, undefined);
      await mustDeliverGood(
        folder,
        small.filter((hostile) => !apart.includes(hostile)),
        together,
      );
    },
  },
];

const isSmall = ({ title }: HostileEvent): boolean => !/10 MB|10,000/.test(title);

const isRenamed = /^(?:type|event) is |^(?:an? |null )?(?:empty )?(?:track call|type|object$|array|string|instead)/;

/**
 * Delivers a good event after each hostile one. Without a success for several events in a request, each has one of its
 * own.
 */
const mustDeliverGood = (
  folder: ContractFolder,
  hostile: readonly HostileEvent[],
  together: ScriptedReply | undefined,
): Promise<void> =>
  withKitConnection(
    folder,
    together === undefined ? ({ text }) => successAbout(folder, /m-good-\d+/.exec(text)?.[0]) : always(together),
    async (kit) => {
      const events = hostile.flatMap(({ make }, index): CdpEvent[] => [
        make(),
        { ...folder.event, messageId: `m-good-${index}` },
      ]);
      const outcomes = await kit.deliver(events);
      for (const [index, { title }] of hostile.entries()) {
        const at = 2 * index + 1;
        const after = outcomes[at];
        must(after?.kind === 'delivered', `the good event after ${title} is ${whatBecame(kit, after, at)}`);
      }
      kit.assertNoDefects();
    },
    together === undefined ? { options: { limits: { maxItems: 1 } } } : {},
  );

/** What became of an event, with what it left and what was answered. */
function whatBecame(kit: KitConnection, outcome: Outcome | undefined, at: number): string {
  const reason =
    outcome !== undefined && 'reason' in outcome ? ` (${outcome.reason.code}: ${outcome.reason.message})` : '';
  const position = kit.vendor.requests.findLastIndex((_, request) =>
    itemsOf(kit, request).some(({ index }) => index === at),
  );
  const others = itemsOf(kit, position).length - 1;
  const answer = JSON.stringify(kit.vendor.replies[position]);
  const sent = position < 0 ? 'it never left' : `it left with ${others} others, and the answer was ${answer}`;
  return `${outcome?.kind}${reason}: ${sent}`;
}
