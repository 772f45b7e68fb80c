import type { HttpRequest } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import { namesOf, type Names } from './eligibility.ts';
import { requestFor } from './request.ts';

/** Computed once per connection, when it opens. */
export interface Prepared {
  readonly names: Names;
  readonly request: HttpRequest;
}

export const prepare = (config: Config): Prepared => ({ names: namesOf(config), request: requestFor(config) });
