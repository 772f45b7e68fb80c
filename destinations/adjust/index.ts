import { defineDestination } from '../../core/api/index.ts';
import { check } from './check.ts';
import { config } from './config.ts';
import { encode } from './encoding.ts';
import { manifest } from './manifest.ts';
import { prepare } from './settings.ts';
import { request } from './request.ts';
import { response } from './response.ts';
import { transform, validate } from './transform.ts';

export default defineDestination({ manifest, config, prepare, validate, transform, encode, request, response, check });
