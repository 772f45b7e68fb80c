import type { DeliveryQueue } from '../../../queue/index.ts';

/** Dead letters of a connection by the code of their reason. */
export async function countReasons(
  queue: Pick<DeliveryQueue, 'dead'>,
  connection: string,
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for await (const { reason } of queue.dead(connection)) counts[reason.code] = (counts[reason.code] ?? 0) + 1;
  return counts;
}
