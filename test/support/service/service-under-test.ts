import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadDestinations, type OnRequest } from '../../../core/index.ts';
import { openStore, type DeliveryStore, type EmbeddedStore } from '../../../core/queue/index.ts';
import {
  createService,
  type ConnectionSetup,
  type Service,
  type ServiceSettings,
} from '../../../core/service/index.ts';
import { startVendorServer, type Answer, type ReceivedItem } from '../cli/vendor-server.ts';
import { testDestinations, testSettings } from '../cli/workspace.ts';

export type VendorServer = Awaited<ReturnType<typeof startVendorServer>>;

export const mailbox = (id: string, more: Partial<ConnectionSetup> = {}): ConnectionSetup => ({
  id,
  destination: 'mailbox',
  config: testSettings,
  ...more,
});

export interface UnderTest {
  readonly service: Service;
  readonly vendor: VendorServer;
  readonly store: EmbeddedStore | undefined;
  readonly logged: readonly { readonly level: string; readonly fields: object; readonly message: string }[];
  /** Asks the service without a socket: a body that is no text is sent as JSON. */
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  stop(): Promise<void>;
}

export interface UnderTestOptions extends Partial<Omit<ServiceSettings, 'store'>> {
  readonly connections?: readonly ConnectionSetup[];
  readonly withStore?: boolean;
  readonly maxBytes?: number;
  /** What the service takes for the store. */
  readonly throughStore?: (store: DeliveryStore) => DeliveryStore;
  readonly answer?: (items: readonly ReceivedItem[]) => Answer;
  readonly onRequest?: OnRequest;
  /** Beside that of the test vendor. */
  readonly origins?: Readonly<Record<string, string>>;
}

/** A service with the connection `shop`, at a vendor on loopback. */
export async function startService(options: UnderTestOptions = {}): Promise<UnderTest> {
  const {
    connections = [mailbox('shop')],
    withStore = false,
    maxBytes,
    throughStore = (store) => store,
    answer,
    onRequest,
    origins,
    ...settings
  } = options;
  const vendor = await startVendorServer(answer);
  const folder = mkdtempSync(path.join(tmpdir(), 'spillway-service-'));
  const store = withStore
    ? await openStore({ path: folder, ...(maxBytes === undefined ? {} : { maxBytes }) })
    : undefined;
  const logged: { level: string; fields: object; message: string }[] = [];
  const logAs = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message });
  const service = createService({
    destinations: await loadDestinations(testDestinations),
    runtime: { origins: { ...origins, mailbox: vendor.origin }, ...(onRequest === undefined ? {} : { onRequest }) },
    store: store === undefined ? undefined : throughStore(store),
    log: { info: logAs('info'), warn: logAs('warn'), error: logAs('error') },
    ...settings,
  });
  const applied = await service.apply(connections);
  if (applied.kind === 'invalid') throw new Error(JSON.stringify(applied.issues));
  return {
    service,
    vendor,
    store,
    logged,
    async ask(method, pathname, body, headers = {}) {
      const sent =
        body === undefined
          ? {}
          : body instanceof ReadableStream || typeof body === 'string' || body instanceof Uint8Array
            ? { body, duplex: 'half' }
            : { body: JSON.stringify(body) };
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const request = new Request(`http://127.0.0.1:9090${pathname}`, {
        method,
        headers: { ...type, ...headers },
        ...(sent as object),
      });
      return service.fetch(request);
    },
    async stop() {
      await service.close(1_000);
      await store?.close();
      await vendor.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const letter = (messageId: string, event = 'Letter Sent'): object => ({ type: 'track', event, messageId });

export const asNdjson = (events: readonly unknown[]): string =>
  events.map((event) => `${JSON.stringify(event)}\n`).join('');

export const linesOf = async (response: Response): Promise<readonly Record<string, unknown>[]> =>
  (await response.text())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
