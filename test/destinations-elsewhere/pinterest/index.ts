import { defineDestination, jsonList, sha256 } from 'spillway/api';
import { check } from './check.ts';
import { config } from './config.ts';
import { manifest } from './manifest.ts';
import { request } from './request.ts';
import { response, responseFor } from './response.ts';
import { prepare } from './settings.ts';
import { transform } from './transform.ts';

export default defineDestination({
  manifest,
  config,
  prepare,
  transform,
  request,
  response,
  responseFor,
  check,
  frame: () => jsonList('data'),
  // The rate is that of the ad account, whatever the token (PINTEREST-04).
  paceKey: ({ adAccountId }) => sha256(adAccountId),
});
