import { reasonCodes, type Reason } from '../api/outcome.ts';

const known: ReadonlySet<unknown> = new Set(reasonCodes);

/** A reason as the contract wants it. Codes become metric labels, so none may be made up. */
export const isReason = (reason: Reason | undefined): boolean =>
  known.has(reason?.code) && typeof reason?.message === 'string';
