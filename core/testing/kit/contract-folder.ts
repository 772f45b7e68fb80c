import type { AnyDestination, CdpEvent } from '../../index.ts';
import type { LoadedCase } from './case.ts';
import type { ContractReply } from './case-format.ts';

/** A destination folder that is being checked. */
export interface ContractFolder {
  readonly directory: string;
  /** The folder's name. */
  readonly name: string;
  readonly definition: AnyDestination;
  /** The cases that can be run, without those that are unreadable (they fail on their own) or still to be written. */
  readonly cases: readonly LoadedCase[];
  /** The case from which the house promises start: a plain success, see loadContractFolder(). */
  readonly baseCase: string;
  /** Settings, an event and a reply that make a successful delivery, from the base case. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly event: CdpEvent;
  readonly successReply: ContractReply;
}
