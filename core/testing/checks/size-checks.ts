import type { BatchLimits, CdpEvent } from '../../index.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { withKitConnection } from '../kit/kit-connection.ts';
import { always } from '../kit/vendor-double.ts';
import { during, type Check } from './check.ts';
import { manyOf } from './many-events.ts';

/** How many bytes may leave. */
export const sizeChecks: readonly Check[] = [
  {
    title: 'batches: F-41 what leaves is never larger than maxBytes, whatever stands around the texts of the events',
    skipReason: ({ definition }) => (definition.send === undefined ? undefined : 'this folder sends by itself (send)'),
    async run(folder) {
      const { maxItems } = folder.definition.manifest.limits;
      for (const count of [1, 2, 3, 7].filter((some) => some <= maxItems)) {
        const events = manyOf(folder, count);
        const [bytes = 0, ...others] = await sizesOf(folder, events, { maxItems: count });
        if (bytes < 2 || others.length > 0) continue;
        // One byte less than they need: of what is counted too low, all of it would still leave, and core stops it.
        const maxBytes = bytes - 1;
        await during(
          `${count} events of ${bytes} bytes in a request, where ${maxBytes} are allowed: does frame() count all that the body has around them?`,
          () => sizesOf(folder, events, { maxItems: count, maxBytes }),
        );
      }
    },
  },
];

/** The bytes of each request that these events make. Throws if core finds one too large. */
const sizesOf = (
  folder: ContractFolder,
  events: readonly CdpEvent[],
  limits: Partial<BatchLimits>,
): Promise<number[]> =>
  withKitConnection(
    folder,
    always(folder.successReply),
    async (kit) => {
      await kit.deliver(events);
      kit.assertNoDefects();
      return kit.vendor.requests.map(({ text }) => Buffer.byteLength(text));
    },
    { options: { limits, onAmbiguous: 'report', retry: { attempts: 1 } }, unobserved: true },
  );
