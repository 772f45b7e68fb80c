import { defineDestination, jsonArray } from '../../../../core/api/index.ts';
import { check } from './check.ts';
import { config } from './config.ts';
import { manifest } from './manifest.ts';
import { request } from './request.ts';
import { response } from './response.ts';
import { transform } from './transform.ts';

export default defineDestination({ manifest, config, transform, request, response, check, frame: () => jsonArray });
