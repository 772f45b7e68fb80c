import { once } from 'node:events';
import { Analytics } from '@segment/analytics-node';
import RudderAnalytics from '@rudderstack/rudder-sdk-node';
import type { CdpEvent } from '../../../core/index.ts';

/** An SDK that sends events to a service, and says of each whether it was sent. */
export interface SdkClient {
  /** Takes an event; a call of the SDK goes on in the background. */
  take(event: CdpEvent): void;
  /** Resolves when the SDK has said of every event that it was sent, or that it gave up. */
  ended(): Promise<void>;
  /** The messageIds of what it says it sent, and of what it gave up. */
  readonly sent: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
}

export type SdkName = 'segment' | 'rudderstack';

/** `url`: where the service listens. */
export const startSdk: Readonly<Record<SdkName, (url: string, writeKey: string) => SdkClient>> = {
  segment(host, writeKey) {
    const sdk = new Analytics({ host, writeKey, flushAt: 20, flushInterval: 100 });
    return client((event, told) =>
      call(sdk as unknown as Calls, event, (error) => told(error === undefined || error === null)),
    );
  },
  rudderstack(dataPlaneUrl, writeKey) {
    const sdk = new RudderAnalytics(writeKey, {
      dataPlaneUrl,
      flushAt: 20,
      flushInterval: 100,
      retryCount: 30,
      // Without it, a request that failed ends the process.
      errorHandler: () => undefined,
      logLevel: 'none',
    });
    return client((event, told) =>
      call(sdk as unknown as Calls, event, (error) => told(error === undefined || error === null)),
    );
  },
};

type Calls = Readonly<Record<CdpEvent['type'], (message: object, callback: (error?: unknown) => void) => void>>;

/** As a program calls its SDK: a moment is a Date, and what is not known is left out. */
function call(sdk: Calls, event: CdpEvent, told: (error?: unknown) => void): void {
  const { type, timestamp, ...rest } = event;
  const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
  sdk[type]({ ...known, ...(timestamp ? { timestamp: new Date(timestamp) } : {}) }, told);
}

function client(send: (event: CdpEvent, told: (sent: boolean) => void) => void): SdkClient {
  const [sent, failed] = [new Set<string>(), new Set<string>()];
  const changes = new EventTarget();
  let open = 0;
  return {
    sent,
    failed,
    take(event) {
      open += 1;
      send(event, (isSent) => {
        (isSent ? sent : failed).add(event.messageId ?? '');
        open -= 1;
        changes.dispatchEvent(new Event('told'));
      });
    },
    async ended() {
      while (open > 0) await once(changes, 'told');
    },
  };
}
