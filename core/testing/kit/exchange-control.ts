import type { Dispatcher } from 'undici';

/** The controller of one exchange; after an abort it reports nothing but the error. */
export function openExchange(handler: Dispatcher.DispatchHandler, onAbort: () => void = () => undefined) {
  let reason: Error | null = null;
  let paused = false;
  let ended = false;
  const fail = (error: Error): void => {
    if (ended) return;
    ended = true;
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
    send(report: () => void): void {
      if (!ended) report();
    },
  };
}

/** What openExchange() returns. */
export type OpenExchange = ReturnType<typeof openExchange>;
