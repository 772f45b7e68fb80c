import { exitCode, CliError } from '../exit-codes.ts';
import type { RegisteredConnection } from '../../../queue/index.ts';
import { isoTime } from './format-time.ts';

/*
 * An id may get another destination once nothing waits under it. Its dead letters and the events kept for replay are
 * still for the former destination, and must not go to another vendor.
 */

/** Throws if dead letters to be requeued are for a former destination; `former`: how many, by its slug. */
export function assertNotForFormerDestination(
  id: string,
  former: ReadonlyMap<string, number>,
  registered: RegisteredConnection | undefined,
): void {
  if (former.size === 0 || registered === undefined) return;
  const counts = [...former].map(([slug, count]) => `${count} for ${slug}`).join(', ');
  throw new CliError(
    exitCode.config,
    `${id} delivers to ${registered.destination}, but some of these dead letters were enqueued for another destination: ${counts}. Nothing was requeued`,
    [
      `to requeue those given up since the change: --connection ${id} --since ${isoTime(lastChange(registered))}`,
      'to send the others, enqueue them under another connection id (spillway dead export --events, then enqueue); to give them up: spillway dead drop',
    ],
  );
}

/** Throws if the settings are for another destination than the events were enqueued for. */
export function assertDestination(
  id: string,
  registered: RegisteredConnection | undefined,
  slug: string | undefined,
): void {
  if (registered === undefined || slug === undefined || registered.destination === slug) return;
  throw new CliError(
    exitCode.config,
    `${id}: its delivered events and dead letters were enqueued for ${registered.destination}, not for ${slug}`,
    ['they can only go there, with the old settings; use another connection id for the new ones'],
  );
}

/** Throws if events of that time span went to a former destination. */
export function assertSpanOfDestination(id: string, registered: RegisteredConnection, from: number, to: number): void {
  let began = Number.NEGATIVE_INFINITY;
  for (const { destination, until } of registered.former ?? []) {
    if (destination !== registered.destination && from < until && to >= began)
      throw new CliError(
        exitCode.config,
        `${id} delivers to ${registered.destination}, but delivered to ${destination} until ${isoTime(until)}. Nothing was replayed`,
        [`to replay what was delivered since the change: --from ${isoTime(lastChange(registered))}`],
      );
    began = until;
  }
}

const lastChange = ({ former = [] }: RegisteredConnection): number => former.at(-1)?.until ?? 0;
