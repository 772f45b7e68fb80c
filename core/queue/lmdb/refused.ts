/**
 * Why a store was not opened:
 *
 * busy        another live process owns it
 * foreign     the path is something else, and stays as it is
 * newer       a later version wrote it
 * damaged     reading it failed, see StoreDamaged
 * unwritable  the process may not write there
 * lanes       it was made with another number of lanes and still holds events
 * taken       another process took it over while it was open here
 */
export type RefusalCode = 'busy' | 'foreign' | 'newer' | 'damaged' | 'unwritable' | 'lanes' | 'taken';

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
        `\`spillway queue salvage --store ${path} --out FILE\`, move the folder away, and put the events into a new store`,
      options,
    );
  }
}
