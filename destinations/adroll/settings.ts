import type { Config } from './config.ts';
import { namesOf, type Names } from './eligibility.ts';

/** Computed once per connection, when it opens. */
export interface Prepared {
  readonly names: Names;
}

export const prepare = (config: Config): Prepared => ({ names: namesOf(config) });
