import { withKitConnection } from '../kit/kit-connection.ts';
import type { ContractFolder } from '../kit/contract-folder.ts';
import { variantOf } from '../kit/variants.ts';
import { always } from '../kit/vendor-double.ts';

export const noSuccessForMany = "this vendor's recorded success for one event is not a success for two in a request";

/**
 * Whether the recorded success for one event also holds for several in a request: not if it counts or names them, even
 * where each is delivered by itself afterwards.
 */
export const successHoldsForMany = (folder: ContractFolder): Promise<boolean> =>
  withKitConnection(
    folder,
    always(folder.successReply),
    async (kit) => {
      const outcomes = await kit.deliver([0, 1].map((number) => variantOf(folder.event, number)));
      return outcomes.every((outcome) => outcome.kind === 'delivered' && outcome.attempts === 1);
    },
    { unobserved: true },
  );
