import type { CdpEvent } from '../../index.ts';
import { loadContractKit } from './contract-kit.ts';
import { exitCode, usage } from './exit-codes.ts';
import { tableText } from './table.ts';
import { jsonText } from './printable.ts';
import { print, type Terminal } from './terminal.ts';

export interface EventsFlags {
  readonly all?: boolean;
  readonly json?: boolean;
}

/** `spillway events`: the canonical events by their names in the contract's cases, or which there are. */
export async function printEvents(
  names: readonly string[],
  { all = false, json = false }: EventsFlags,
  terminal: Terminal,
): Promise<number> {
  if (all && names.length > 0) throw usage('--all goes without names');
  const { canonicalEvents } = await loadContractKit('events');
  const known: ReadonlyMap<string, CdpEvent> = new Map(Object.entries(canonicalEvents));
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw usage(`unknown event ${JSON.stringify(unknown)}; expected one of: ${[...known.keys()].join(', ')}`);
  const listed = [...known].map(([name, event]) => ({
    name,
    type: event.type,
    ...('event' in event ? { event: event.event } : {}),
  }));
  const isList = names.length === 0 && !all;
  const events = all ? [...known.values()] : names.flatMap((name) => known.get(name) ?? []);
  if (json) await print(terminal.stdout, jsonText(isList ? listed : events, 2));
  else if (isList) {
    const rows = listed.map(({ name, type, event }) => [name, type, event ?? '']);
    await print(terminal.stdout, tableText(['NAME', 'TYPE', 'EVENT'], rows, terminal));
  } else await print(terminal.stdout, events.map((event) => jsonText(event)).join(''));
  return exitCode.ok;
}
