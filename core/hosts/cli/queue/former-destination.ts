import { exitCode, CliError } from '../exit-codes.ts';
import type { Enrolled } from './roster.ts';
import { isoTime } from './format-time.ts';

/*
 * An id may get another destination once nothing waits under it. Its dead letters and the events kept for replay are
 * still for the former destination, and must not go to another vendor.
 */

/** Throws if dead letters to be requeued are for a former destination; `former`: how many, by its slug. */
export function assertNotForFormerDestination(
  id: string,
  former: ReadonlyMap<string, number>,
  enrolled: Enrolled | undefined,
): void {
  if (former.size === 0 || enrolled === undefined) return;
  const counts = [...former].map(([slug, count]) => `${count} for ${slug}`).join(', ');
  throw new CliError(
    exitCode.config,
    `${id} delivers to ${enrolled.destination}, but some of these dead letters were enqueued for another destination: ${counts}. Nothing was requeued`,
    [
      `to requeue those given up since the change: --connection ${id} --since ${isoTime(lastChange(enrolled))}`,
      'to send the others, enqueue them under another connection id (spillway dead export --events, then enqueue); to give them up: spillway dead drop',
    ],
  );
}

/** Throws if the settings are for another destination than the events were enqueued for. */
export function assertDestination(id: string, enrolled: Enrolled | undefined, slug: string | undefined): void {
  if (enrolled === undefined || slug === undefined || enrolled.destination === slug) return;
  throw new CliError(
    exitCode.config,
    `${id}: its delivered events and dead letters were enqueued for ${enrolled.destination}, not for ${slug}`,
    ['they can only go there, with the old settings; use another connection id for the new ones'],
  );
}

/** Throws if events of that time span went to a former destination. */
export function assertSpanOfDestination(id: string, enrolled: Enrolled, from: number, to: number): void {
  let began = Number.NEGATIVE_INFINITY;
  for (const { destination, until } of enrolled.history ?? []) {
    if (destination !== enrolled.destination && from < until && to >= began)
      throw new CliError(
        exitCode.config,
        `${id} delivers to ${enrolled.destination}, but delivered to ${destination} until ${isoTime(until)}. Nothing was replayed`,
        [`to replay what was delivered since the change: --from ${isoTime(lastChange(enrolled))}`],
      );
    began = until;
  }
}

const lastChange = ({ history = [] }: Enrolled): number => history.at(-1)?.until ?? 0;
