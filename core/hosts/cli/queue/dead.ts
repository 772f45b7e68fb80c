import { reasonCodes, type ReasonCode } from '../../../index.ts';
import type { DeadFilter, DeadLetter, DeliveryQueue } from '../../../queue/index.ts';
import { exitCode, usage } from '../exit-codes.ts';
import { tableText } from '../table.ts';
import { print, type Terminal } from '../terminal.ts';
import { openRoster } from './roster.ts';
import { storeOf, withStore, type StoreFlags } from './store.ts';
import { written } from './time.ts';

export interface DeadFlags extends StoreFlags {
  readonly connection?: string;
  readonly reason?: string;
  readonly since?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly events?: boolean;
}

/** A table is for people. */
const mostRows = 1_000;

/** `spillway dead list`: the dead letters, without what stands in them. */
export async function list(flags: DeadFlags, terminal: Terminal): Promise<number> {
  const filter = filterOf(flags);
  return withStore(storeOf(flags, terminal.env), { stderr: terminal.stderr }, async (queue) => {
    const rows: string[][] = [];
    let count = 0;
    for await (const letter of letters(queue, flags, filter)) {
      count += 1;
      if (flags.json === true) {
        if (!(await print(terminal.stdout, `${JSON.stringify(withoutEvent(letter))}\n`))) break;
      } else if (count <= mostRows) rows.push(row(letter));
    }
    if (flags.json === true) return exitCode.ok;
    const more = count > mostRows ? `... and ${count - mostRows} more; --json lists them all\n` : '';
    const head = ['CONNECTION', 'SEQ', 'ID', 'WHY', 'ATTEMPTS', 'TIME'];
    await print(terminal.stdout, count === 0 ? 'no dead letters\n' : `${tableText(head, rows, terminal)}${more}`);
    return exitCode.ok;
  });
}

const row = ({ connection, seq, id, outcome, reason, attempts, diedAt }: DeadLetter): string[] => [
  connection,
  String(seq),
  id,
  `${outcome}: ${reason.code}`,
  String(attempts),
  written(diedAt),
];

/** `detail` quotes the vendor, who may quote the event. */
function withoutEvent({ connection, seq, id, outcome, reason, attempts, acceptedAt, diedAt, configHash }: DeadLetter) {
  const { code, message, field, status } = reason;
  const times = { acceptedAt: written(acceptedAt), diedAt: written(diedAt) };
  return { connection, seq, id, outcome, reason: { code, message, field, status }, attempts, ...times, configHash };
}

/** `spillway dead show`: dead letters by their id or number, with the event. */
export async function show(names: readonly string[], flags: DeadFlags, terminal: Terminal): Promise<number> {
  const filter = filterOf(flags);
  return withStore(storeOf(flags, terminal.env), { stderr: terminal.stderr }, async (queue) => {
    let shown = 0;
    for await (const letter of letters(queue, flags, filter, names)) {
      shown += 1;
      if (!(await print(terminal.stdout, `${JSON.stringify(readable(letter), undefined, 2)}\n`))) break;
    }
    if (shown === 0) throw usage(noneNamed);
    return exitCode.ok;
  });
}

const noneNamed = 'no dead letter has this id or number (spillway dead list)';

/** `spillway dead export`: all of each dead letter as NDJSON, or its event alone, which enqueue takes. */
export async function exportAll(flags: DeadFlags, terminal: Terminal): Promise<number> {
  const filter = filterOf(flags);
  return withStore(storeOf(flags, terminal.env), { stderr: terminal.stderr }, async (queue) => {
    for await (const letter of letters(queue, flags, filter)) {
      const line = JSON.stringify(flags.events === true ? letter.event : readable(letter));
      if (!(await print(terminal.stdout, `${line}\n`))) return exitCode.undelivered;
    }
    return exitCode.ok;
  });
}

const readable = ({ acceptedAt, diedAt, ...letter }: DeadLetter) => ({
  ...letter,
  acceptedAt: written(acceptedAt),
  diedAt: written(diedAt),
});

/** `spillway dead revive`: puts dead letters back at the tail, as if they were new. */
export async function revive(names: readonly string[], flags: DeadFlags, terminal: Terminal): Promise<number> {
  const { stdout, stderr } = terminal;
  const filter = filterOf(flags);
  const directory = storeOf(flags, terminal.env);
  return withStore(directory, { stderr }, async (queue) => {
    const roster = openRoster(directory);
    const found = new Map<string, { count: number; lanes: number; none: number; named: DeadFilter[] }>();
    for await (const { connection, seq, lane } of letters(queue, flags, filter, names)) {
      const there = found.get(connection) ?? { count: 0, lanes: 0, none: 0, named: [] };
      there.count += 1;
      if (lane === undefined) there.none += 1;
      else there.lanes += 1;
      if (names.length > 0) there.named.push({ seq });
      found.set(connection, there);
    }
    if (names.length > 0 && found.size === 0) throw usage(noneNamed);
    let revived = 0;
    for (const [connection, { count, lanes, none, named }] of found) {
      if (flags.dryRun === true) revived += count;
      else {
        roster.forgetSettings(connection);
        for (const some of names.length > 0 ? named : [filter]) revived += await queue.revive(connection, some);
      }
      const order = `${lanes} of them have an order to keep with others, and go behind what was enqueued since`;
      if (lanes > 0) await print(stderr, `spillway: ${connection}: ${order}\n`);
      const loose = `${none} of them were refused before they had a lane, and keep no order with others of theirs`;
      if (none > 0 && roster.of(connection)?.lanes === true) await print(stderr, `spillway: ${connection}: ${loose}\n`);
    }
    await print(stdout, `${revived} ${flags.dryRun === true ? 'would be put back' : 'put back'}\n`);
    return exitCode.ok;
  });
}

function filterOf({ reason, since }: DeadFlags): DeadFilter {
  if (reason !== undefined && !isReasonCode(reason))
    throw usage(`--reason: there is no ${JSON.stringify(reason)}; there are: ${reasonCodes.join(', ')}`);
  return { ...(reason === undefined ? {} : { reason }), ...(since === undefined ? {} : { since }) };
}

const isReasonCode = (written: string): written is ReasonCode => reasonCodes.includes(written as ReasonCode);

/** Of one connection or all; with names, only those of that id or number. */
async function* letters(
  queue: DeliveryQueue,
  { connection }: DeadFlags,
  filter: DeadFilter,
  names: readonly string[] = [],
): AsyncGenerator<DeadLetter, void, undefined> {
  const known = queue
    .status(Date.now())
    .connections.map((backlog) => backlog.connection)
    .sort();
  if (connection !== undefined && !known.includes(connection))
    throw usage(`the store has no connection ${JSON.stringify(connection)}; there are: ${known.join(', ') || 'none'}`);
  for (const each of connection === undefined ? known : [connection]) {
    for await (const letter of queue.dead(each, filter)) {
      if (names.length === 0 || names.includes(letter.id) || names.includes(String(letter.seq))) yield letter;
    }
  }
}
