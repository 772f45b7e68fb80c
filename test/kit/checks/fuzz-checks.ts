import type * as FastCheck from 'fast-check';
import { createRuntime, type CdpEvent } from '../../../core/index.ts';
import { fuzzInputs } from '../fuzz-inputs.ts';
import { withProbe, type Probe } from '../probe.ts';
import type { Subject } from '../subject.ts';
import type { ScriptedReply } from '../vendor-double.ts';
import { yesReplies, yesStatuses } from '../yes.ts';
import { must, notRunWithout, type Check, type NotRun } from './check.ts';

export interface FuzzOptions {
  /** Inputs a property is tried with. */
  readonly runs: number;
  /** The same seed gives the same inputs. */
  readonly seed: number;
}

type Property = (
  fc: typeof FastCheck,
  subject: Subject,
) => FastCheck.IAsyncProperty<unknown> | FastCheck.IProperty<unknown>;

/** What must hold for inputs nobody wrote down. Needs fast-check; without it each says that it was not run. */
export const fuzzChecks = ({ runs, seed }: FuzzOptions): readonly Check[] =>
  properties.map(({ title, property }) => ({
    title,
    run: async (subject): Promise<NotRun | void> => {
      const fc = await import('fast-check').catch(() => undefined);
      if (fc === undefined) return notRunWithout('fast-check');
      await fc.assert(property(fc, subject), { numRuns: runs, seed });
    },
  }));

const properties: readonly { readonly title: string; readonly property: Property }[] = [
  {
    title:
      'fuzz: whatever the events and the answers, one outcome per event, in order; delivered only on the word of the vendor',
    property(fc, subject) {
      const { events, replies } = fuzzInputs(fc, subject);
      return fc.asyncProperty(
        fc.array(events, { minLength: 1, maxLength: 5 }),
        fc.array(replies, { minLength: 1, maxLength: 6 }),
        async (given, answers) => {
          await withProbe(
            subject,
            (_request, position) => answers[position % answers.length],
            async (probe) => onlyOnTheirWord(probe, subject, given, answers),
          );
        },
      );
    },
  },
  {
    title: 'fuzz: whatever the events, the vendor code throws nothing and changes nothing',
    property(fc, subject) {
      const { events } = fuzzInputs(fc, subject);
      return fc.asyncProperty(fc.array(events, { minLength: 5, maxLength: 10 }), async (given) => {
        await withProbe(
          subject,
          () => subject.yes,
          async (probe) => {
            await probe.deliver(given);
            probe.blameless();
          },
        );
      });
    },
  },
  {
    title:
      'fuzz: whatever the configuration, it is accepted or its problems are listed, and an accepted one delivers without a defect',
    property(fc, subject) {
      const { configs, events } = fuzzInputs(fc, subject);
      return fc.asyncProperty(configs, events, async (config, event) => {
        const { slug } = subject.definition.manifest;
        const opened = createRuntime({ destinations: [subject.definition] }).open(slug, config);
        if (opened.kind === 'invalid') return must(opened.issues.length > 0, 'it is refused without a reason');
        await withProbe(
          subject,
          () => subject.yes,
          async (probe) => {
            await probe.deliver([event]);
            probe.blameless();
          },
          { config },
        );
      });
    },
  },
];

/** A delivered event travelled in a request that was answered by the status of a yes, or exactly so. */
async function onlyOnTheirWord(
  probe: Probe,
  subject: Subject,
  events: readonly CdpEvent[],
  answers: readonly ScriptedReply[],
): Promise<void> {
  const outcomes = await probe.deliver(events);
  probe.blameless();
  if (subject.definition.request === undefined) return;
  const yes = yesStatuses(subject);
  const known = new Set(yesReplies(subject).map((reply) => JSON.stringify(reply)));
  const confirmed = new Set<number>();
  for (const [position, batch] of probe.vendor.batches.entries()) {
    const answer = answers[position % answers.length];
    if (answer === undefined || !('status' in answer) || !(yes.has(answer.status) || known.has(JSON.stringify(answer))))
      continue;
    for (const { index } of probe.watch.batches[batch ?? -1]?.items ?? []) confirmed.add(index);
  }
  for (const [index, { kind }] of outcomes.entries()) {
    must(kind !== 'delivered' || confirmed.has(index), `event ${index} is delivered though no yes came`);
  }
}
