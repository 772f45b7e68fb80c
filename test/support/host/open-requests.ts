import type { Dispatcher } from 'undici';

/** The same dispatcher; `begin` is called with each request, and what it returns when that is over. */
export const countOpen = (dispatcher: Dispatcher, begin: () => () => void): Dispatcher =>
  dispatcher.compose((dispatch) => (options, handler) => {
    const over = begin();
    return dispatch(options, {
      onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
      onRequestUpgrade: (...told) => handler.onRequestUpgrade?.(...told),
      onResponseStart: (...told) => handler.onResponseStart?.(...told),
      onResponseData: (...told) => handler.onResponseData?.(...told),
      onResponseEnd(...told) {
        over();
        handler.onResponseEnd?.(...told);
      },
      onResponseError(...told) {
        over();
        handler.onResponseError?.(...told);
      },
    });
  });
