import { defineDestination } from '../../../core/api/index.ts';
import { check } from './check.ts';
import { config } from './config.ts';
import { manifest } from './manifest.ts';
import { operations } from './operations/index.ts';
import { frame, request } from './request.ts';
import { response } from './response.ts';
import { paceFor, paceKey, prepare } from './settings.ts';
import { transform } from './transform.ts';

export default defineDestination({
  manifest,
  config,
  prepare,
  paceFor,
  paceKey,
  transform,
  frame,
  request,
  response,
  operations,
  check,
});
