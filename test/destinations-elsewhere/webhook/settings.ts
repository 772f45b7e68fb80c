import { bare, jsonArray, type Frame, type Pace } from 'spillway/api';
import type { Config } from './config.ts';

export const frame = ({ eventsPerRequest }: Config): Frame => (eventsPerRequest === undefined ? bare : jsonArray);

export const limitsFor = ({ eventsPerRequest }: Config) => ({ maxItems: eventsPerRequest ?? 1 });

export const paceFor = ({ concurrency, requestsPerSecond }: Config): Partial<Pace> => ({
  concurrency,
  ...(requestsPerSecond === undefined ? {} : { rate: { permits: requestsPerSecond, perMs: 1_000, cost: 'request' } }),
});
