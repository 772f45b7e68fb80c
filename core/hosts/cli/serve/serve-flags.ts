import type { StoreFlags } from '../queue/store-location.ts';

export interface ServeFlags extends StoreFlags {
  readonly config: string;
  readonly host?: string;
  readonly port?: number;
  readonly tokenFile?: string;
  readonly publicHost?: readonly string[];
  readonly trustedProxy?: readonly string[];
  readonly openMetrics?: boolean;
  readonly allowReal?: boolean;
  /** `slug=url`, each. */
  readonly origin?: readonly string[];
  readonly proxy?: boolean;
  readonly allowOrigin?: readonly string[];
  readonly destinations?: readonly string[];
  /** Milliseconds. */
  readonly grace?: number;
  /** Milliseconds. */
  readonly keep?: number;
  readonly maxBytes?: number;
  readonly maxConnectionsLabelled?: number;
  /** The form of the messages on standard error: json or text. Default: json. */
  readonly log?: string;
}

export const defaultHost = '127.0.0.1';
