/**
 * The disk did not take a flush: nobody can say what of the last writes is on it, and the system has forgotten what it could not write.
 * Nothing can be done with the queue any more; a store that is opened again is looked through first.
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
