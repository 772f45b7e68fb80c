/** How a process shows the broker who it is, in one of these ways; what the URL says counts where none is here. */
export interface BrokerCredentials {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** The text of a `.creds` file. */
  readonly credentials?: string | undefined;
  readonly nkeySeed?: string | undefined;
}

/** Texts in PEM. */
export interface BrokerTls {
  /** Of whoever signed the broker's certificate, where that is not a public authority. */
  readonly ca?: string | undefined;
  /** Of this process, with its key, where the broker asks for one. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface ConnectOptions {
  readonly auth?: BrokerCredentials | undefined;
  readonly tls?: BrokerTls | undefined;
  /** How long to wait for a broker that does not answer (ms). Default: for ever. */
  readonly waitMs?: number | undefined;
  /** Sighting once, when the wait begins. */
  readonly onWait?: ((why: string) => void) | undefined;
}
