import type * as FastCheck from 'fast-check';
import { createRuntime, type CdpEvent } from '../../index.ts';
import { allowedOriginsFor } from '../kit/allowed-origins.ts';
import { fuzzInputs } from '../kit/fuzz-inputs.ts';
import { withKitConnection, type KitConnection } from '../kit/kit-connection.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import type { ScriptedReply } from '../kit/vendor-double.ts';
import { successReplies, successStatuses } from '../kit/success-reply.ts';
import { must, type Check } from './check.ts';

export interface FuzzOptions {
  /** Number of inputs per property. */
  readonly runs: number;
  /** The same seed gives the same inputs. */
  readonly seed: number;
}

type Property = (
  fc: typeof FastCheck,
  folder: ContractFolder,
) => FastCheck.IAsyncProperty<unknown> | FastCheck.IProperty<unknown>;

/** Promises for generated inputs. They need fast-check; without it each reports that it was not run. */
export const fuzzChecks = ({ runs, seed }: FuzzOptions): readonly Check[] =>
  properties.map(({ title, property }) => ({
    title,
    needs: 'fast-check',
    run: async (folder) => {
      const fc = await import('fast-check');
      await fc.assert(property(fc, folder), { numRuns: runs, seed });
    },
  }));

const properties: readonly { readonly title: string; readonly property: Property }[] = [
  {
    title:
      'fuzz: whatever the events and the answers, one outcome per event, in order; delivered only if the vendor confirmed it',
    property(fc, folder) {
      const { events, replies } = fuzzInputs(fc, folder);
      return fc.asyncProperty(
        fc.array(events, { minLength: 1, maxLength: 5 }),
        fc.array(replies, { minLength: 1, maxLength: 6 }),
        async (input, answers) => {
          await withKitConnection(
            folder,
            (_request, position) => answers[position % answers.length],
            async (kit) => assertConfirmed(kit, folder, input, answers),
          );
        },
      );
    },
  },
  {
    title: 'fuzz: whatever the events, the code of the folder throws nothing and mutates nothing',
    property(fc, folder) {
      const { events } = fuzzInputs(fc, folder);
      return fc.asyncProperty(fc.array(events, { minLength: 5, maxLength: 10 }), async (input) => {
        await withKitConnection(
          folder,
          () => folder.successReply,
          async (kit) => {
            await kit.deliver(input);
            kit.assertNoDefects();
          },
        );
      });
    },
  },
  {
    title:
      'fuzz: whatever the configuration, it is accepted or its problems are listed, and an accepted one delivers without a defect',
    property(fc, folder) {
      const { configs, events } = fuzzInputs(fc, folder);
      return fc.asyncProperty(configs, events, async (config, event) => {
        const { slug } = folder.definition.manifest;
        const opened = createRuntime({
          destinations: [folder.definition],
          allowedOrigins: allowedOriginsFor(folder.definition, config),
        }).open(slug, config);
        if (opened.kind === 'invalid') return must(opened.issues.length > 0, 'it is refused without a reason');
        await withKitConnection(
          folder,
          () => folder.successReply,
          async (kit) => {
            await kit.deliver([event]);
            kit.assertNoDefects();
          },
          { config },
        );
      });
    },
  },
];

/** Throws if an event is delivered whose request got neither a success status nor a recorded success. */
async function assertConfirmed(
  kit: KitConnection,
  folder: ContractFolder,
  events: readonly CdpEvent[],
  answers: readonly ScriptedReply[],
): Promise<void> {
  const outcomes = await kit.deliver(events);
  kit.assertNoDefects();
  if (folder.definition.send !== undefined) return;
  const success = successStatuses(folder);
  const known = new Set(successReplies(folder).map((reply) => JSON.stringify(reply)));
  const confirmed = new Set<number>();
  for (const [position, batch] of kit.vendor.batches.entries()) {
    const answer = answers[position % answers.length];
    if (
      answer === undefined ||
      !('status' in answer) ||
      !(success.has(answer.status) || known.has(JSON.stringify(answer)))
    )
      continue;
    for (const { index } of kit.observed.batches[batch ?? -1]?.items ?? []) confirmed.add(index);
  }
  for (const [index, { kind }] of outcomes.entries()) {
    must(kind !== 'delivered' || confirmed.has(index), `event ${index} is delivered without a success from the vendor`);
  }
}
