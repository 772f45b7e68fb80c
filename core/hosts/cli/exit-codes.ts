import { constants } from 'node:os';
import type { StopSignal } from './terminal.ts';

/** How the CLI ends. Where several apply, the first of 2, 78, 74, 75, 77, 65, 1; after a signal, the signal's own. */
export const exitCode = {
  /** All delivered or skipped. */
  ok: 0,
  /** Something was not delivered, a check of `verify` failed, or the output or the outcomes could not be written. */
  undelivered: 1,
  /** The command line names something that does not exist or does not fit, or a file that cannot be opened. */
  usage: 2,
  /** Lines of the input, or its rest, cannot be read. */
  unreadable: 65,
  /** A defect in this program, which Node would report as 1. */
  defect: 70,
  /** The store is damaged, or cannot be read or written. */
  storage: 74,
  /** Not now: the queue is full, or another process owns the store. */
  later: 75,
  /** The vendor refused our credentials. */
  unauthorized: 77,
  /** The config is invalid. */
  config: 78,
} as const;

/** 129 after SIGHUP, 130 after SIGINT, 143 after SIGTERM. */
export const afterSignal = (signal: StopSignal): number => 128 + constants.signals[signal];

/** Why a command cannot be carried out: its exit code, and what to say about it. Holds no secrets and no event data. */
export class CliError extends Error {
  readonly exitCode: number;
  /** Shown under the message, one a line. */
  readonly details: readonly string[];

  constructor(code: number, message: string, details: readonly string[] = []) {
    super(message);
    this.exitCode = code;
    this.details = details;
  }
}

export const usage = (message: string): CliError => new CliError(exitCode.usage, message);

/** What went wrong with a file, without Node's own wording around it. */
export const errnoOf = (error: unknown): string => {
  const { code, name } = error as NodeJS.ErrnoException;
  return code ?? name;
};
