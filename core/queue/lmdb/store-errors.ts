import { constants } from 'node:os';

/**
 * Why a store was not opened:
 *
 * busy        another process owns it, or one that cannot be seen from here may
 * foreign     the path is something else, and stays as it is
 * newer       a later version wrote it
 * damaged     reading it failed, see StoreDamaged
 * unread      this process or machine could not look into it, for want of memory, say: the store was not judged
 * unwritable  the process may not write there, or there is no room
 * lanes       it was made with another number of lanes and still holds events
 * taken       another process took it over while it was open here
 */
export type RefusalCode = 'busy' | 'foreign' | 'newer' | 'damaged' | 'unread' | 'unwritable' | 'lanes' | 'taken';

/** The store stays as it was found. The message names the path and says what to do. */
export class StoreRefused extends Error {
  override readonly name: string = 'StoreRefused';
  readonly code: RefusalCode;
  readonly path: string;
  constructor(code: RefusalCode, path: string, message: string, options?: ErrorOptions) {
    super(`${path}: ${message}`, options);
    this.code = code;
    this.path = path;
  }
}

/** The file cannot be trusted: a host exits with 74 (EX_IOERR). */
export class StoreDamaged extends StoreRefused {
  override readonly name = 'StoreDamaged';
  constructor(path: string, what: string, options?: ErrorOptions) {
    super(
      'damaged',
      path,
      `the queue store is damaged (${what}). Nothing was changed. Take what is left out of it with ` +
        `\`spillway queue salvage --store ${path} --out FILE\` (some of it may have been delivered before), move the folder away, ` +
        'and put what is to be sent into a new store',
      options,
    );
  }
}

/** Answers of the system that say nothing about what is in the store, and what helps. */
const systemErrors: readonly {
  readonly code: RefusalCode;
  readonly errors: readonly string[];
  readonly what: string;
  readonly help: string;
}[] = [
  {
    code: 'foreign',
    errors: ['EEXIST', 'ENOTDIR'],
    what: 'this is a file; a queue store is a folder',
    help: 'Name another path',
  },
  {
    code: 'unwritable',
    errors: ['EACCES', 'EPERM', 'EROFS'],
    what: 'this process cannot read and write there',
    help: 'Give it the right to, for the folder and for every file in it, or name another folder',
  },
  {
    code: 'unwritable',
    errors: ['ENOSPC', 'EDQUOT', 'EFBIG'],
    what: 'there is no room to write there',
    help: 'Make room, or name another folder',
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

/** The refusal that an error of the system comes to; `undefined` for any other error. */
export function refusalOf(path: string, error: unknown): StoreRefused | undefined {
  const name = errnoOf(error);
  const answer = name === undefined ? undefined : systemErrors.find(({ errors }) => errors.includes(name));
  if (name === undefined || answer === undefined) return undefined;
  const { message } = error as Error;
  const said = message.includes(name) ? message : `${name}: ${message}`;
  return new StoreRefused(answer.code, path, `${answer.what} (${said}). ${answer.help}`, { cause: error });
}

/** The name of the errno of an error: Node gives the name, LMDB the number; LMDB's own numbers are negative. */
export function errnoOf(error: unknown): string | undefined {
  const { code } = error as { readonly code?: unknown };
  if (typeof code === 'string') return code;
  return Object.entries(constants.errno).find(([, number]) => number === code)?.[0];
}
/**
 * The disk did not take a flush: nobody can say what of the last writes is on it, and the system has forgotten what it
 * could not write. Nothing can be done with the queue any more; a store that is opened again is looked through first.
 */
export class FlushFailed extends Error {
  override readonly name = 'FlushFailed';
  readonly code = 'unflushed';
  constructor(path: string, cause: unknown) {
    super(
      `${path}: the disk did not take a flush (${String(cause)}), so nobody knows what of the last writes is on it. Nothing more is ` +
        'taken from here on; see to the disk, then open the store again',
      { cause },
    );
  }
}

/** The disk keeps a put waiting for its flush: nothing was confirmed, and all of it may yet be kept. */
export class FlushOverdue extends Error {
  override readonly name = 'FlushOverdue';
  constructor(path: string, ms: number) {
    super(
      `${path}: the disk has not confirmed a write for ${ms / 1000} s. The events may yet be kept: put them again later, under the ` +
        'same ids',
    );
  }
}
