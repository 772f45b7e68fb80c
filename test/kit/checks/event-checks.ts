import type { CdpEvent } from '../../../core/index.ts';
import { canonicalEvents, hostileEvents } from '../events.ts';
import { withProbe } from '../probe.ts';
import { always } from '../vendor-double.ts';
import { during, must, type Check } from './check.ts';
import { yesHoldsForMany } from './yes-to-many.ts';

/** What a folder must do with events, good and bad. */
export const eventChecks: readonly Check[] = [
  {
    title: 'events: the plainest successful case is delivered in one request',
    async run(subject) {
      await withProbe(subject, always(subject.yes), async (probe) => {
        const [outcome] = await probe.deliver([subject.event]);
        must(outcome?.kind === 'delivered', `it is ${JSON.stringify(outcome)}`);
        must(probe.vendor.requests.length === 1, `it took ${probe.vendor.requests.length} requests`);
        probe.blameless();
      });
    },
  },
  {
    title: 'events: every canonical event is judged purely: frozen input, the same answer twice, JSON-safe payloads',
    async run(subject) {
      await withProbe(subject, always(subject.yes), async (probe) => {
        for (const [name, event] of Object.entries(canonicalEvents)) {
          await during(name, async () => {
            await probe.deliver([event]);
            await probe.connection.preview(event);
            probe.blameless();
          });
        }
      });
    },
  },
  {
    title: 'events: every hostile event gets its one outcome, and nothing throws',
    async run(subject) {
      await withProbe(subject, always(subject.yes), async (probe) => {
        for (const { title, make } of hostileEvents) {
          await during(title, async () => {
            const event = make();
            await probe.deliver([event]);
            await probe.connection.preview(event);
            probe.blameless();
          });
        }
      });
      must(({} as { polluted?: unknown }).polluted === undefined, 'Object.prototype is polluted');
    },
  },
  {
    title: 'events: good and hostile ones in one call get one outcome each, in order, and the good ones are delivered',
    async run(subject) {
      const small = hostileEvents.filter(({ title }) => !title.includes('10 MB'));
      const events = small.flatMap(({ make }, index): CdpEvent[] => [
        make(),
        { ...subject.event, messageId: `m-good-${index}` },
      ]);
      const together = await yesHoldsForMany(subject);
      await withProbe(
        subject,
        always(subject.yes),
        async (probe) => {
          const outcomes = await probe.deliver(events);
          for (const [index, { title }] of small.entries()) {
            const after = outcomes[2 * index + 1];
            must(after?.kind === 'delivered', `the event after ${title} is ${JSON.stringify(after)}`);
          }
          probe.blameless();
        },
        together ? {} : { options: { limits: { maxItems: 1 } } },
      );
    },
  },
];
