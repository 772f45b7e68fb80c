import { eventTable, sha256, type EventTable, type Frame, type HttpRequest } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { authorizationOf, frame, request } from './request.ts';

/** Computed once per connection, when it opens. */
export interface Prepared {
  readonly unsubscribes: EventTable<true>;
  readonly frame: Frame;
  readonly request: HttpRequest;
}

export const prepare = (config: Config): Prepared => ({
  unsubscribes: eventTable({ track: [config.unsubscribeEvents.map((name) => [name, true])] }),
  frame: frame(config),
  request: request(config),
});

/** AdRoll counts requests per application, across advertisables (ADEMAIL-15). The key holds no credential. */
export const paceKey = ({ auth }: Config): string =>
  sha256(`adroll-email ${auth.apikey ?? authorizationOf(auth)}`).slice(0, 16);
