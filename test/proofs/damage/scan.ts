import { crc32 } from 'node:zlib';

/*
 * The records of a data file by their description alone (the head of core/queue/lmdb/record.ts): written down here once more, so that
 * what salvage finds is held to something else than to itself.
 */

export type Kind = 'waiting' | 'done' | 'dead';

/** An intact record, and where it lies. */
export interface Frame {
  readonly seq: number;
  readonly stamp: number;
  readonly kind: Kind;
  readonly id: string;
  readonly from: number;
  readonly to: number;
}

const magic = Buffer.of(0xd5, 0x53, 0x71, 0x8e);
const kinds: readonly Kind[] = ['waiting', 'done', 'dead'];
const head = 32;

/** Every intact record, copies and older states included. */
export function scan(file: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let from = file.indexOf(magic); from !== -1; from = file.indexOf(magic, from + 1)) {
    if (from + head > file.length) break;
    const state = file.readUInt32LE(from + 8);
    const to = from + head + state + file.readUInt32LE(from + 12);
    const kind = kinds[file[from + 5] ?? -1];
    if (file[from + 4] !== 1 || kind === undefined || to > file.length) continue;
    const sum = crc32(file.subarray(from + 20, to), crc32(file.subarray(from, from + 16)));
    if (sum !== file.readUInt32LE(from + 16)) continue;
    const { id } = JSON.parse(file.toString('utf8', from + head, from + head + state)) as { readonly id: string };
    frames.push({ seq: file.readUIntLE(from + 20, 6), stamp: file.readUIntLE(from + 26, 6), kind, id, from, to });
  }
  return frames;
}

/** Of each event, the newest state that is intact: `<seq> <kind> <id>`. */
export function newest(frames: readonly Frame[]): Set<string> {
  const bySeq = new Map<number, Frame>();
  for (const frame of frames) {
    const known = bySeq.get(frame.seq);
    if (known === undefined || known.stamp < frame.stamp) bySeq.set(frame.seq, frame);
  }
  return new Set([...bySeq.values()].map(nameOf));
}

export const nameOf = ({ seq, kind, id }: Pick<Frame, 'seq' | 'kind' | 'id'>): string => `${seq} ${kind} ${id}`;
