import type * as Prom from 'prom-client';
import { loadPeer } from '../optional-peer.ts';

/** The client of Prometheus, an optional peer of `spillway/metrics`. */
export const loadPromClient = (load?: (id: string) => unknown): typeof Prom =>
  loadPeer(
    { name: 'prom-client', version: '15.1.3', neededBy: 'spillway/metrics' },
    (module) => module('prom-client') as typeof Prom,
    load,
  );
