import type { Config } from './config.ts';
import { namesOf, type Names } from './naming.ts';
import { endpointOf, type Endpoint } from './request.ts';

/** What a connection needs for every event and request, made once when it opens. */
export type Prepared = Names & Endpoint;

export const prepare = (config: Config): Prepared => ({ ...namesOf(config), ...endpointOf(config) });
