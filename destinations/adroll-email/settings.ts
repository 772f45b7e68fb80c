import { sha256, type Frame, type HttpRequest } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { authorizationOf, frame, request } from './request.ts';

/** Computed once per connection, when it opens. */
export interface Prepared {
  /** A Set, because the names come from events: an object would also answer to "constructor". */
  readonly unsubscribeEvents: ReadonlySet<string>;
  readonly frame: Frame;
  readonly request: HttpRequest;
}

export const prepare = (config: Config): Prepared => ({
  unsubscribeEvents: new Set(config.unsubscribeEvents),
  frame: frame(config),
  request: request(config),
});

/** AdRoll counts requests per application, across advertisables (ADEMAIL-15). The key holds no credential. */
export const paceKey = ({ auth }: Config): string =>
  sha256(`adroll-email ${auth.apikey ?? authorizationOf(auth)}`).slice(0, 16);
