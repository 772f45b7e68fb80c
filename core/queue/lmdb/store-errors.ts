import { constants } from 'node:os';

/**
 * Why a store was not opened, or is not usable any more:
 *
 * busy        another process owns it
 * foreign     the path is something else, and stays as it is
 * path        the path is too long for the socket of an owner, on a system where that matters
 * newer       a later version wrote it
 * older       an earlier version wrote it, in a layout that this one does not read
 * damaged     reading it failed, see StoreDamaged
 * unread      this process or machine could not read it, for want of memory, say: nothing is known about the store
 * unwritable  the process may not write there, or the disk is full
 * taken       another process took it over while it was open here
 */
export type RefusalCode =
  'busy' | 'foreign' | 'path' | 'newer' | 'older' | 'damaged' | 'unread' | 'unwritable' | 'taken';

/** What the owner of a busy store is doing; `silent`: it does not answer, and may be stopped. */
export type OwnerActivity = 'starting' | 'working' | 'ending' | 'silent';

/** The store stays as it was found. The message names the path and says what to do. */
export class StoreRefused extends Error {
  override readonly name: string = 'StoreRefused';
  readonly code: RefusalCode;
  readonly path: string;
  /** Of a store that is busy. */
  readonly owner: OwnerActivity | undefined;
  constructor(
    code: RefusalCode,
    path: string,
    message: string,
    options?: ErrorOptions & { readonly owner?: OwnerActivity },
  ) {
    super(`${path}: ${message}`, options);
    this.code = code;
    this.path = path;
    this.owner = options?.owner;
  }
}

/** The file cannot be trusted: a host exits with 74 (EX_IOERR). */
export class StoreDamaged extends StoreRefused {
  override readonly name = 'StoreDamaged';
  constructor(path: string, what: string, options?: ErrorOptions) {
    super(
      'damaged',
      path,
      `the queue store is damaged (${what}). Nothing was changed. Copy the intact records out of it with ` +
        `\`spillway queue salvage --store ${path} --out FILE\` (some of them may have been delivered before), move the ` +
        'directory away, and put the events that are still to be sent into a new store',
      options,
    );
  }
}

/**
 * The disk did not take a flush: nobody can say which of the last writes are on it, and the system has forgotten those
 * that it could not write. The queue accepts nothing any more; the next open verifies the store first.
 */
export class FlushFailed extends Error {
  override readonly name = 'FlushFailed';
  readonly code = 'unflushed';
  constructor(path: string, cause: unknown) {
    super(
      `${path}: the disk did not take a flush (${String(cause)}), so nobody knows which of the last writes are on it. The queue ` +
        'accepts nothing more; check the disk, then open the store again',
      { cause },
    );
  }
}

/** A put waited too long for its flush: nothing was confirmed, and all of it may still be kept. */
export class FlushOverdue extends Error {
  override readonly name = 'FlushOverdue';
  constructor(path: string, ms: number) {
    super(
      `${path}: the disk has not confirmed a write for ${ms / 1000} s. The events may still be kept: put them again later, under ` +
        'the same ids',
    );
  }
}

/** Errors of the system that say nothing about the store's content, and what helps. */
const systemErrors: readonly {
  readonly code: RefusalCode;
  readonly errors: readonly string[];
  readonly what: string;
  readonly help: string;
}[] = [
  {
    code: 'foreign',
    errors: ['EEXIST', 'ENOTDIR'],
    what: 'this is a file; a queue store is a directory',
    help: 'Name another path',
  },
  {
    code: 'unwritable',
    errors: ['EACCES', 'EPERM', 'EROFS'],
    what: 'this process cannot read and write there',
    help: 'Give it the right to, for the directory and for every file in it, or name another directory',
  },
  {
    code: 'unwritable',
    errors: ['ENOSPC', 'EDQUOT', 'EFBIG'],
    what: 'there is no room to write there',
    help: 'Make room, or name another directory',
  },
  {
    code: 'unread',
    errors: ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'],
    what: 'the queue store was not opened, because the process was given too few files or too little memory',
    help: 'The store was not judged. Raise the limit, and start again',
  },
  {
    code: 'unread',
    errors: ['ENODEV', 'ENOLCK', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'],
    what: 'the file system cannot do what LMDB needs',
    help: 'The store was not judged. Keep it on a disk of this machine',
  },
];

/** The refusal for an error of the system; `undefined` for any other error. */
export function refusalOf(path: string, error: unknown): StoreRefused | undefined {
  const name = errnoOf(error);
  const known = name === undefined ? undefined : systemErrors.find(({ errors }) => errors.includes(name));
  if (name === undefined || known === undefined) return undefined;
  const { message } = error as Error;
  const detail = message.includes(name) ? message : `${name}: ${message}`;
  return new StoreRefused(known.code, path, `${known.what} (${detail}). ${known.help}`, { cause: error });
}

/** The name of an error's errno: Node gives the name, LMDB the number; LMDB's own numbers are negative. */
export function errnoOf(error: unknown): string | undefined {
  const { code } = error as { readonly code?: unknown };
  if (typeof code === 'string') return code;
  return Object.entries(constants.errno).find(([, number]) => number === code)?.[0];
}
