import { defineDestination } from '../../../../api/index.ts';
import { check } from './check.ts';
import { config } from './config.ts';
import { manifest } from './manifest.ts';
import { encode, frame, request } from './request.ts';
import { response } from './response.ts';
import { transform } from './transform.ts';

export default defineDestination({
  manifest,
  config,
  transform,
  request,
  response,
  check,
  // <framing-use>
  frame,
  // </framing-use>
  // <encoding-use>
  encode,
  // </encoding-use>
});
