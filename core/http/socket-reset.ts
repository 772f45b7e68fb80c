import type { buildConnector } from 'undici';

type Connect = buildConnector.connector;

let broken = false;

const begin = (): void => {
  broken = true;
  // Where undici's own listener throws, the one behind it does not run.
  queueMicrotask(mended);
};
const mended = (): void => {
  broken = false;
};

/**
 * Whether what undici tells just now comes of a broken socket. It reports the reset of an answer without a length as the
 * answer's end, from within the socket's `error` event; an answer that ends well ends elsewhere.
 */
export const socketBroke = (): boolean => broken;

/** Makes the sockets of a connect function tell socketBroke(): a listener before undici's own, and one behind it. */
export const telling =
  (connect: Connect): Connect =>
  (options, callback) =>
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error !== null || socket === null) return callback(...result);
      socket.prependListener('error', begin);
      callback(...result);
      socket.on('error', mended);
    });
