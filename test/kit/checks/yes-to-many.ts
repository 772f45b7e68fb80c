import { withProbe } from '../probe.ts';
import type { Subject } from '../subject.ts';
import { varied } from '../varied.ts';
import { always } from '../vendor-double.ts';

export const noYesToMany = "this vendor's yes to one event is no yes to two in a request";

/** Does the vendor's yes to one event also hold for several in a request? Not where it counts them or names each. */
export const yesHoldsForMany = (subject: Subject): Promise<boolean> =>
  withProbe(
    subject,
    always(subject.yes),
    async (probe) => {
      const outcomes = await probe.deliver([0, 1].map((number) => varied(subject.event, number)));
      return outcomes.every(({ kind }) => kind === 'delivered');
    },
    { unwatched: true },
  );
