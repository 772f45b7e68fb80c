import type * as JetStream from '@nats-io/jetstream';
import type * as Kv from '@nats-io/kv';
import type * as Transport from '@nats-io/transport-node';
import { loadPeer } from '../../optional-peer.ts';

/** The clients of NATS, optional peers of `spillway/jetstream`. */
export interface Nats {
  readonly transport: typeof Transport;
  readonly jetstream: typeof JetStream;
  readonly kv: typeof Kv;
}

const peer = (name: string) => ({ name, version: '3.3.1', neededBy: 'spillway/jetstream' });

export const loadNats = (load?: (id: string) => unknown): Nats => ({
  transport: loadPeer(
    peer('@nats-io/transport-node'),
    (module) => module('@nats-io/transport-node') as typeof Transport,
    load,
  ),
  jetstream: loadPeer(peer('@nats-io/jetstream'), (module) => module('@nats-io/jetstream') as typeof JetStream, load),
  kv: loadPeer(peer('@nats-io/kv'), (module) => module('@nats-io/kv') as typeof Kv, load),
});
