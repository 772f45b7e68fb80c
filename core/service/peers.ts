import type * as ZodToOpenApi from '@asteasolutions/zod-to-openapi';
import type * as NodeServer from '@hono/node-server';
import type * as HonoPackage from 'hono';
import { loadPeer } from '../optional-peer.ts';

const neededBy = 'spillway/service';

/** The optional peers of `spillway/service`. As they are required, they are CommonJS, with another copy of zod. */
export const loadHono = (load?: (id: string) => unknown): typeof HonoPackage =>
  loadPeer({ name: 'hono', version: '4.13.19', neededBy }, (module) => module('hono') as typeof HonoPackage, load);

export const loadNodeServer = (load?: (id: string) => unknown): typeof NodeServer =>
  loadPeer(
    { name: '@hono/node-server', version: '2.1.8', neededBy },
    (module) => module('@hono/node-server') as typeof NodeServer,
    load,
  );

export const loadZodToOpenApi = (load?: (id: string) => unknown): typeof ZodToOpenApi =>
  loadPeer(
    { name: '@asteasolutions/zod-to-openapi', version: '9.1.0', neededBy },
    (module) => module('@asteasolutions/zod-to-openapi') as typeof ZodToOpenApi,
    load,
  );
