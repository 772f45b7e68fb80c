import { defineDestination } from '../../core/api/index.ts';
import { check } from './check.ts';
import { config } from './config.ts';
import { manifest } from './manifest.ts';
import { paceKey, prepare } from './settings.ts';
import { frame, limitsFor, paceFor, request } from './request.ts';
import { response } from './response.ts';
import { transform, validate } from './transform.ts';

export default defineDestination({
  manifest,
  config,
  prepare,
  validate,
  transform,
  frame,
  limitsFor,
  paceFor,
  paceKey,
  request,
  response,
  check,
});
