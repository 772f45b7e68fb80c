import type * as FastCheck from 'fast-check';
import { createRuntime, type CdpEvent } from '../../index.ts';
import { allowedOriginsFor } from '../kit/allowed-origins.ts';
import { fuzzInputs } from '../kit/fuzz-inputs.ts';
import { withKitConnection, type KitConnection } from '../kit/kit-connection.ts';
import { unnamedItems } from '../kit/unnamed-items.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import type { ScriptedReply } from '../kit/vendor-double.ts';
import { successReplies, successStatuses } from '../kit/success-reply.ts';
import { must, type Check } from './check.ts';
import { mayTakeOthers, refusalsWithNames } from './named-refusals.ts';

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
      const found = await fc.check(property(fc, folder) as FastCheck.IAsyncProperty<unknown>, { numRuns: runs, seed });
      if (!found.failed) return;
      const { errorInstance: error, numRuns, counterexample, counterexamplePath } = found;
      const why = error instanceof Error ? error.message : String(error);
      const where = `run ${numRuns} of seed ${seed}, path ${counterexamplePath}`;
      throw new Error(`${why}\n${where}: ${atMost(fc.stringify(counterexample), 200)}`, { cause: error });
    },
  }));

const properties: readonly { readonly title: string; readonly property: Property }[] = [
  {
    title:
      'fuzz: whatever the events and the answers, one outcome per event, in order; delivered only if the vendor confirmed it',
    property(fc, folder) {
      const { events, replies } = fuzzInputs(fc, folder);
      let templates: Promise<readonly ScriptedReply[]> | undefined;
      return fc.asyncProperty(
        fc.array(events, { minLength: 1, maxLength: 5 }),
        fc.array(replies, { minLength: 1, maxLength: 6 }),
        async (input, answers) => {
          await withKitConnection(
            folder,
            (_request, position) => answers[position % answers.length],
            async (kit) =>
              assertConfirmed(
                kit,
                { ...folder, templates: await (templates ??= refusalTemplates(folder)) },
                input,
                answers,
              ),
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

/** How the vendor names the events that it refuses where it takes the others. */
const refusalTemplates = async (folder: ContractFolder): Promise<readonly ScriptedReply[]> =>
  (await refusalsWithNames(folder)).filter(mayTakeOthers).map(({ reply }) => reply);

interface FuzzedFolder extends ContractFolder {
  readonly templates: readonly ScriptedReply[];
}

/**
 * Throws if an event is delivered whose request got neither a success status, nor a recorded success, nor an answer
 * that names others of it as refused.
 */
async function assertConfirmed(
  kit: KitConnection,
  folder: FuzzedFolder,
  events: readonly CdpEvent[],
  answers: readonly ScriptedReply[],
): Promise<void> {
  const outcomes = await kit.deliver(events);
  kit.assertNoDefects();
  if (folder.definition.send !== undefined) return;
  const success = successStatuses(folder);
  const known = new Set(successReplies(folder).map((reply) => JSON.stringify(reply)));
  const confirmed = new Set<number>();
  const answerTo = new Map<number, ScriptedReply>();
  for (const [position, batch] of kit.vendor.batches.entries()) {
    const answer = answers[position % answers.length];
    const items = kit.observed.batches[batch ?? -1]?.items ?? [];
    if (answer === undefined) continue;
    for (const { index } of items) answerTo.set(index, answer);
    if (!('status' in answer)) continue;
    const unnamed = unnamedItems(folder.templates, answer, items);
    const whole = success.has(answer.status) || (unnamed.size === 0 && known.has(JSON.stringify(answer)));
    for (const { index } of whole ? items : unnamed) confirmed.add(index);
  }
  for (const [index, { kind }] of outcomes.entries()) {
    must(
      kind !== 'delivered' || confirmed.has(index),
      `event ${index} is delivered without a success from the vendor, by ${answerInLine(folder, answerTo.get(index))}`,
    );
  }
}

/** An answer in a line, with the file it comes from. */
function answerInLine({ cases }: ContractFolder, answer: ScriptedReply | undefined): string {
  if (answer === undefined || 'fault' in answer) return answer === undefined ? 'no answer' : `a ${answer.fault}`;
  const text = JSON.stringify(answer);
  const [source = 'a made-up answer'] = cases.flatMap(({ name, replies, replyNames: files }) =>
    replies.flatMap((reply, position) =>
      JSON.stringify(reply) === text ? [`contract/replies/${files[position]}.json as in case ${name}`] : [],
    ),
  );
  return `${source}: ${answer.status} ${atMost(JSON.stringify(answer.body) ?? '', 120)}`;
}

const atMost = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length).toWellFormed()}...` : text;
