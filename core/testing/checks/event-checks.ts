import type { CdpEvent } from '../../index.ts';
import { canonicalEvents, hostileEvents } from '../kit/events.ts';
import { withKitConnection } from '../kit/kit-connection.ts';
import { always } from '../kit/vendor-double.ts';
import { successAbout } from '../kit/success-reply.ts';
import { during, must, type Check } from './check.ts';
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
        for (const { title, make } of hostileEvents) {
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
      const small = hostileEvents.filter(({ title }) => !title.includes('10 MB'));
      const events = small.flatMap(({ make }, index): CdpEvent[] => [
        make(),
        { ...folder.event, messageId: `m-good-${index}` },
      ]);
      const together = await successForMany(folder);
      await withKitConnection(
        folder,
        together === undefined ? ({ text }) => successAbout(folder, /m-good-\d+/.exec(text)?.[0]) : always(together),
        async (kit) => {
          const outcomes = await kit.deliver(events);
          for (const [index, { title }] of small.entries()) {
            const after = outcomes[2 * index + 1];
            must(after?.kind === 'delivered', `the event after ${title} is ${JSON.stringify(after)}`);
          }
          kit.assertNoDefects();
        },
        together !== undefined ? {} : { options: { limits: { maxItems: 1 } } },
      );
    },
  },
];
