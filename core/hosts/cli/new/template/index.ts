import { defineDestination } from '../../../../api/index.ts';
import { check } from './check.ts';
import { config } from './config.ts';
import { encode$form } from './encoding.ts';
import { manifest } from './manifest.ts';
import { frame$array, request } from './request.ts';
import { response } from './response.ts';
import { prepare } from './settings.ts';
import { transform } from './transform.ts';

export default defineDestination({
  manifest,
  config,
  prepare,
  transform,
  // <encoding>
  encode: encode$form,
  // </encoding>
  // <array|list>
  frame: frame$array,
  // </array|list>
  request,
  response,
  check,
});
