import { jsonList, type Frame, type HttpRequest } from 'spillway/api';
import type { Config } from './config.ts';

const hosts = { US: 'api2.amplitude.com', EU: 'api.eu.amplitude.com' };

export const request = ({ region }: Config): HttpRequest => ({
  method: 'POST',
  url: `https://${hosts[region]}/2/httpapi`,
  headers: { 'content-type': 'application/json', accept: '*/*' },
});

/** The key stands beside the events, and the shortest id that Amplitude is to take. */
export const frame = ({ apiKey, minIdLength }: Config): Frame =>
  jsonList('events', { api_key: apiKey, options: minIdLength === 5 ? undefined : { min_id_length: minIdLength } });
