import path from 'node:path';
import { loadDestination, type AnyDestination, type CdpEvent } from '../../core/index.ts';
import { caseNames, loadCase, type LoadedCase } from './case.ts';
import type { ContractReply } from './case-format.ts';

/** A vendor folder under check. */
export interface Subject {
  readonly directory: string;
  /** The folder's name. */
  readonly folder: string;
  readonly definition: AnyDestination;
  /** The cases that can be run. Those that cannot be read fail by themselves; those that are to do prove nothing. */
  readonly cases: readonly LoadedCase[];
  /** Settings, an event and an answer with which a delivery succeeds, from the folder's plainest successful case. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly event: CdpEvent;
  readonly yes: ContractReply;
}

/** Loads a folder. `definition` takes the place of what its index exports: for bundlers, which have no folder to import. */
export async function loadSubject(directory: string, definition?: AnyDestination): Promise<Subject> {
  const cases = caseNames(directory).flatMap((name) => readable(directory, name));
  const plain = plainestSuccess(cases);
  return {
    directory,
    folder: path.basename(path.resolve(directory)),
    definition: definition ?? (await loadDestination(path.resolve(directory))),
    cases,
    config: plain.config,
    event: plain.event,
    yes: plain.reply,
  };
}

function readable(directory: string, name: string): LoadedCase[] {
  try {
    return [loadCase(directory, name)];
  } catch {
    return [];
  }
}

/** One event, one answer, delivered; the first such case, alphabetically, without options and settings that are left out by most. */
function plainestSuccess(cases: readonly LoadedCase[]) {
  for (const { config, events, replies, outcomes, options } of cases) {
    const [event, ...others] = events;
    const [reply, ...more] = replies;
    const plain = others.length === 0 && more.length === 0 && options === undefined;
    if (plain && event !== undefined && reply !== undefined && outcomes[0]?.kind === 'delivered') {
      return { config, event, reply };
    }
  }
  throw new Error(
    'no case delivers one event with one answer and without options; the house promises start from such a case',
  );
}
