import { defineDestination } from 'spillway/api';
import { check } from './check.ts';
import { config } from './config.ts';
import { manifest } from './manifest.ts';
import { requestFor } from './request.ts';
import { response, responseFor } from './response.ts';
import { frame, limitsFor, paceFor } from './settings.ts';
import { transform } from './transform.ts';

export default defineDestination({
  manifest,
  config,
  transform,
  frame,
  limitsFor,
  paceFor,
  requestFor,
  response,
  responseFor,
  check,
});
