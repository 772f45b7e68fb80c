import type { DeadLetter, RegisteredConnection, WaitingEvent } from '../queue.ts';
import { importKeyOf } from '../record-import.ts';
import type { StoredRecords } from '../store.ts';
import { deadLetterOf, type GivenUp } from './dead-letters.ts';
import { hashOf, tokenOf } from './names.ts';
import { assertUnattended } from './operations.ts';
import type { PackedEvent } from './pack.ts';
import type { StoreParts } from './store-parts.ts';
import { messageSeqOf, positions } from './stored-events.ts';

/** Messages that are deleted at once. */
const inFlight = 50;

/** Adds records of another store, as they are. */
export async function importRecords(
  { registry, putter, deadLetters }: StoreParts,
  connection: string,
  registered: RegisteredConnection | undefined,
  { waiting, dead }: StoredRecords,
): Promise<void> {
  const record = await registry.adopt(connection, registered);
  await putter.putAgain(record, waiting.map(packedOf), 'moved');
  await deadLetters.write(connection, tokenOf(connection), dead.map(givenUp));
}

/** Up to `most` records, the oldest first, and of a message all that waits. */
export async function exportRecords(parts: StoreParts, connection: string, most: number): Promise<StoredRecords> {
  await assertUnattended(parts, connection);
  const { stored, deadLetters } = parts;
  const wanted = Math.max(most, 2 * positions);
  const page = await stored.peek(connection, wanted, undefined, true);
  const last = page.at(-1);
  if (last === undefined) {
    const dead: DeadLetter[] = [];
    for await (const letter of deadLetters.list(connection)) {
      dead.push(deadLetterOf(letter));
      if (dead.length >= most) break;
    }
    return { waiting: [], dead };
  }
  const isWhole = page.length < wanted;
  const waiting = isWhole ? page : page.filter(({ seq }) => messageSeqOf(seq) !== messageSeqOf(last.seq));
  return { waiting, dead: [] };
}

/** Removes what exportRecords() has returned. */
export async function removeRecords(
  parts: StoreParts,
  connection: string,
  { waiting, dead }: StoredRecords,
): Promise<void> {
  await assertUnattended(parts, connection);
  const { broker, streams, deadLetters } = parts;
  const seqs = [...new Set(waiting.map(({ seq }) => messageSeqOf(seq)))];
  for (let at = 0; at < seqs.length; at += inFlight)
    await Promise.all(
      seqs
        .slice(at, at + inFlight)
        .map((seq) => broker.manager.streams.deleteMessage(streams.names.stream, seq, false)),
    );
  await deadLetters.remove(dead.map(({ seq }) => seq));
}

function packedOf(event: WaitingEvent): PackedEvent {
  const { id, acceptedAt, lanes, trace, attempts, ambiguous, history, text } = event;
  return {
    id,
    acceptedAt,
    ...(lanes === undefined ? {} : { lanes }),
    ...(trace === undefined ? {} : { trace }),
    ...(attempts === 0 ? {} : { attempts }),
    ...(ambiguous === undefined ? {} : { ambiguous }),
    ...(history === undefined ? {} : { history }),
    origin: importKeyOf(event),
    text,
  };
}

function givenUp(letter: DeadLetter): GivenUp {
  const { id, acceptedAt, lanes, trace, event, outcome, reason, attempts, diedAt, configHash } = letter;
  const known = { ...(lanes === undefined ? {} : { lanes }), ...(trace === undefined ? {} : { trace }) };
  const packed = { id, acceptedAt, ...known, text: JSON.stringify(event) };
  return { packed, outcome, reason, attempts, diedAt, configHash, key: hashOf(importKeyOf(letter)) };
}
