import type { Dispatcher } from 'undici';

/** The controller of one exchange; after an abort nothing but the error is told. */
export function openExchange(handler: Dispatcher.DispatchHandler, onAbort: () => void = () => undefined) {
  let reason: Error | null = null;
  let paused = false;
  let over = false;
  const fail = (error: Error): void => {
    if (over) return;
    over = true;
    handler.onResponseError?.(controller, error);
  };
  const controller: Dispatcher.DispatchController = {
    get aborted() {
      return reason !== null;
    },
    get reason() {
      return reason;
    },
    get paused() {
      return paused;
    },
    abort(why) {
      if (reason !== null) return;
      reason = why;
      onAbort();
      fail(why);
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
    },
  };
  return {
    controller,
    fail,
    send(tell: () => void): void {
      if (!over) tell();
    },
  };
}
