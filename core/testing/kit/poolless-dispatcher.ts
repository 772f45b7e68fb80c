import { Dispatcher } from 'undici';

/** A dispatcher that keeps no sockets, so that there is nothing to close. */
export abstract class PoollessDispatcher extends Dispatcher {
  override close(callback?: () => void): Promise<void> {
    callback?.();
    return Promise.resolve();
  }

  override destroy(...args: readonly unknown[]): Promise<void> {
    const callback = args.at(-1);
    if (typeof callback === 'function') callback();
    return Promise.resolve();
  }
}
