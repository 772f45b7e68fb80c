import { createHash } from 'node:crypto';

/**
 * What stands for a connection in subjects, consumers and keys. Its id cannot: `*` and `>` in a subject match others,
 * and keys take no umlauts. 80 bits of a hash do not meet by chance.
 */
export const tokenOf = (connection: string): string =>
  createHash('sha256').update(connection).digest('hex').slice(0, 20);

/** Tells a list of texts from others, as a message id. */
export const hashOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);

/** FNV-1a, 32 bit, over UTF-8: the hash by which NATS' own subject mapping tells partitions apart. */
export function fnv1a(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01_00_01_93);
  return hash >>> 0;
}

/**
 * Where the messages of a connection lie: a number is a lane. `any`: of no lane. `retry`: they failed, and are of no
 * lane. `done`: settled as they were put. `undelivered`: which events of a message were not delivered.
 */
export type Channel = number | 'any' | 'retry' | 'done' | 'undelivered';

/** Everything that is named after a stream. */
export class Names {
  readonly stream: string;
  readonly dead: string;

  constructor(stream: string) {
    this.stream = stream;
    this.dead = `${stream}-dead`;
  }

  /** A bucket of keys: what connection ids are, marks of lanes, shared pace, processes. */
  bucket(of: 'conn' | 'hwm' | 'rate' | 'live'): string {
    return `${this.stream}-${of}`;
  }

  subject(token: string, epoch: number, channel: Channel): string {
    return `${this.stream}.ev.${token}.${epoch}.${channel}`;
  }

  /** Of what a connection has in the stream, since its lanes were spread anew or ever. */
  allOf(token: string, epoch?: number): string {
    return epoch === undefined ? `${this.stream}.ev.${token}.>` : `${this.stream}.ev.${token}.${epoch}.*`;
  }

  /** Everything that is put while the lanes are those of this epoch: the stream takes nothing else. */
  ofEpoch(epoch: number): string {
    return `${this.stream}.ev.*.${epoch}.*`;
  }

  deadSubject(token: string): string {
    return `${this.stream}.dead.${token}`;
  }

  /** Whether what a stream takes is what a store has in its own. */
  isOwn(subject: string): boolean {
    const [first, second = '', ...rest] = subject.split('.');
    if (first !== this.stream) return false;
    if (second === 'ev') return /^\*\.\d+\.\*$/.test(rest.join('.'));
    return ['dead', 'quarantine'].includes(second) && rest.join('.') === '*';
  }

  /** Of messages that cannot be read. */
  quarantineSubject(token: string): string {
    return `${this.stream}.quarantine.${token}`;
  }
}

/** The key of a lane's mark. */
export const laneKey = (token: string, epoch: number, lane: number): string => `${token}.${epoch}.${lane}`;

/** The key of the mark of a message without a lane. */
export const messageKey = (token: string, epoch: number, seq: number): string => `${token}.${epoch}.m${seq}`;

export const consumerName = (token: string, epoch: number, channel: Channel): string => `${token}-${epoch}-${channel}`;

/** Takes a subject or the name of a consumer apart; `undefined` where it is none of ours. */
export function channelOf(
  name: string,
): { readonly token: string; readonly epoch: number; readonly channel: Channel } | undefined {
  const match = /([0-9a-f]{20})[.-](\d+)[.-](\d+|any|retry|done|undelivered)$/.exec(name);
  if (match === null) return undefined;
  const [, token = '', epoch = '', channel = ''] = match;
  return { token, epoch: Number(epoch), channel: /^\d/.test(channel) ? Number(channel) : (channel as Channel) };
}
