import type { buildConnector } from 'undici';

type Connect = buildConnector.connector;

let inError = false;

const enterError = (): void => {
  inError = true;
  // If undici's own listener throws, the listener added after it does not run.
  queueMicrotask(leaveError);
};
const leaveError = (): void => {
  inError = false;
};

/**
 * Whether undici is calling from within a socket's `error` event. It reports the reset of a response without a length
 * as the response's end, from there; a regular end comes from elsewhere.
 */
export const inSocketError = (): boolean => inError;

/**
 * Makes a connect function's sockets maintain inSocketError(), with a listener before undici's own and one after it.
 */
export const withResetDetection =
  (connect: Connect): Connect =>
  (options, callback) =>
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error !== null || socket === null) return callback(...result);
      socket.prependListener('error', enterError);
      callback(...result);
      socket.on('error', leaveError);
    });
