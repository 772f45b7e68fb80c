import { defineDestination } from 'spillway/api';
import { check } from './check.ts';
import { config, limitsFor, paceFor } from './config.ts';
import { manifest } from './manifest.ts';
import { frame, request } from './request.ts';
import { response } from './response.ts';
import { prepare } from './settings.ts';
import { transform, validate } from './transform.ts';

export default defineDestination({
  manifest,
  config,
  limitsFor,
  paceFor,
  prepare,
  validate,
  transform,
  frame,
  request,
  response,
  check,
});
