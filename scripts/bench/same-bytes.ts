import { connect } from './connect.ts';
import { InstantVendor } from './instant-vendor.ts';
import { byHand, streamed } from './runs.ts';
import type { Subject } from './subjects.ts';

/**
 * The request bodies of the connection and of the floor for the same lines, each sorted: lanes leave in an order of
 * their own.
 */
export async function bodiesOfBoth(
  subject: Subject,
  lines: readonly string[],
): Promise<{ readonly ours: readonly string[]; readonly floor: readonly string[] }> {
  const ours: string[] = [];
  const { connection } = connect(subject, { dispatcher: new InstantVendor(subject, (body) => ours.push(body)) });
  await streamed(connection, lines);
  const floor: string[] = [];
  byHand(subject, new InstantVendor(subject, (body) => floor.push(body)), lines);
  return { ours: ours.sort(), floor: floor.sort() };
}

/** A floor that does less than we do would be no floor. */
export async function assertSameBytes(subject: Subject, lines: readonly string[]): Promise<void> {
  const { ours, floor } = await bodiesOfBoth(subject, lines);
  const index = Math.max(
    ours.findIndex((body, at) => body !== floor[at]),
    ours.length === floor.length ? -1 : Math.min(ours.length, floor.length),
  );
  if (index === -1) return;
  throw new Error(`${subject.name}: request ${index} differs\nours:  ${ours[index]}\nfloor: ${floor[index]}`);
}
