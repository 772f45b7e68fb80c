import { defineDestination } from '../../core/api/index.ts';
import { check } from './check.ts';
import { config } from './config.ts';
import { manifest } from './manifest.ts';
import { operations } from './operations/index.ts';
import { paceKey, prepare } from './settings.ts';
import { encode, frame, limitsFor, requestFor } from './request.ts';
import { response } from './response.ts';
import { transform, validate } from './transform.ts';

export default defineDestination({
  manifest,
  config,
  prepare,
  validate,
  transform,
  encode,
  frame,
  limitsFor,
  paceKey,
  requestFor,
  response,
  operations,
  check,
});
