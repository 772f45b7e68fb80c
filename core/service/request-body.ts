import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { ServiceLimits } from './limits.ts';
import type { LoadOf, ServiceLoad } from './load.ts';
import { parseJson } from '../parse-json.ts';
import { Problem, retryAfter } from './problem.ts';

/** What is read of a body that is refused: so many bytes, and for so long. */
const mostDiscarded = 16 * 1024 * 1024;
const discardMs = 2_000;
/** The same at the end of the service. */
const lastMs = 200;

/** A body that has to come as a whole comes at this rate, after a first time of silence. */
const fewestBytesPerSecond = 1_000;

interface Reading {
  readonly load: ServiceLoad;
  readonly limits: ServiceLimits;
  readonly of: LoadOf;
}

/** The media type of events one a line. */
export const ndjson = 'application/x-ndjson';

/** What a text holds as JSON. Throws a Problem that quotes nothing of it. */
export function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    const at = /position (\d+)/.exec((error as Error).message)?.[1];
    throw new Problem('not-valid', `the body is not JSON${at === undefined ? '' : ` (at position ${at})`}`);
  }
}

/** Throws a Problem beyond so many events: in a few bytes, there may be millions. */
export function refuseMore(events: number, most: number, instead = ''): void {
  if (events > most) throw new Problem('too-large', `the body has more than ${most} events${instead}`);
}

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** The body of a request, read once, in one of two ways. What it holds counts as load until release(). */
export class RequestBody {
  /** In lower case, without parameters; '' where there is none. */
  readonly mediaType: string;
  readonly #headers: Headers;
  readonly #incoming: IncomingMessage | undefined;
  readonly #source: () => AsyncIterable<Uint8Array>;
  readonly #load: ServiceLoad;
  readonly #limits: ServiceLimits;
  readonly #of: LoadOf;
  #bytes = 0;
  /** Nothing is done with it before all of it is here. */
  #isWhole = false;

  /** `incoming` is Node's own request, where there is one: reading it takes a third of the CPU of a web stream. */
  constructor(request: Request, incoming: IncomingMessage | undefined, { load, limits, of }: Reading) {
    this.#headers = request.headers;
    this.mediaType = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    this.#incoming = incoming;
    this.#source = () => incoming?.iterator({ destroyOnReturn: false }) ?? request.body ?? Readable.from([]);
    this.#load = load;
    this.#limits = limits;
    this.#of = of;
  }

  /** The whole body as text. Throws a Problem beyond `most` bytes, whose detail ends with `instead`. */
  async text(most: number, instead = ''): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.heldChunks(most, instead)) chunks.push(chunk);
    const whole = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
    if (!isUtf8(whole)) throw new Problem('not-valid', 'the body is not UTF-8');
    return Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength)
      .toString('utf8')
      .replace(/^\uFEFF/, '');
  }

  /** Decoded pieces, which count as load until release(). Throws as text() does. */
  async *heldChunks(most: number, instead = ''): AsyncGenerator<Uint8Array, void, undefined> {
    const tooLarge = (): Problem => new Problem('too-large', `the body has more than ${most} bytes${instead}`);
    if (Number(this.#headers.get('content-length') ?? 0) > most) throw tooLarge();
    this.#isWhole = true;
    let bytes = 0;
    for await (const chunk of this.chunks()) {
      bytes += chunk.length;
      if (bytes > most) throw tooLarge();
      this.#load.hold(chunk.length, this.#of);
      this.#bytes += chunk.length;
      yield chunk;
    }
  }

  /** Decoded pieces, as they come. Throws a Problem where the sender says nothing more, or the coding is broken. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const coding = (this.#headers.get('content-encoding') ?? 'identity').trim().toLowerCase();
    if (coding === 'identity' || coding === '') return yield* this.#raw();
    const decoder = decoders[coding];
    if (decoder === undefined)
      throw new Problem('unsupported-media-type', 'the content-encoding must be gzip, deflate, br or identity', {
        headers: { 'accept-encoding': 'gzip, deflate, br' },
      });
    const decoding = decoder();
    pipeline(Readable.from(this.#raw()), decoding, () => undefined);
    try {
      yield* decoding as AsyncIterable<Uint8Array>;
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw new Problem('not-valid', `the body is not what its content-encoding says`);
    } finally {
      decoding.destroy();
    }
  }

  /**
   * Reads on for a while without keeping anything. Where a request is refused before all of its body is here, closing
   * the connection would reset it, and the client would never see why.
   */
  async discard(): Promise<void> {
    const incoming = this.#incoming;
    if (incoming === undefined || incoming.complete || incoming.destroyed) return;
    const over = new Promise<void>((resolve) => {
      let bytes = 0;
      const count = (chunk: Uint8Array): void => {
        bytes += chunk.length;
        if (bytes > mostDiscarded) end();
      };
      const timer = setTimeout(() => end(), this.#load.areBodiesCut ? lastMs : discardMs);
      const end = (): void => {
        clearTimeout(timer);
        incoming.off('data', count).off('end', end).off('close', end);
        resolve();
      };
      incoming.on('data', count).once('end', end).once('close', end);
    });
    incoming.resume();
    await over;
  }

  /** The load no longer counts what was held. */
  release(): void {
    this.#load.release(this.#bytes, this.#of);
    this.#bytes = 0;
  }

  async *#raw(): AsyncGenerator<Uint8Array, void, undefined> {
    const chunks = this.#source()[Symbol.asyncIterator]();
    const { bodyIdleMs } = this.#limits;
    let bytes = 0;
    let waitedMs = 0;
    try {
      while (true) {
        const inAllMs = bodyIdleMs + (bytes * 1_000) / fewestBytesPerSecond;
        const since = performance.now();
        const next = await this.#inTime(
          chunks.next(),
          this.#isWhole ? Math.min(bodyIdleMs, inAllMs - waitedMs) : bodyIdleMs,
        );
        if (next.done === true) return;
        waitedMs += performance.now() - since;
        bytes += next.value.length;
        yield next.value;
      }
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw new Problem('not-valid', 'the body broke off');
    } finally {
      void chunks.return?.();
    }
  }

  /** Only while the service waits: a sender that it slows down itself may be silent for as long as that takes. */
  async #inTime<T>(reading: Promise<T>, mostMs: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    let forget = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      forget = this.#load.onCut(() => {
        const detail = 'the service is ending, and the rest of the body was not read';
        reject(new Problem('unavailable', detail, { headers: retryAfter(1) }));
      });
      timer = setTimeout(() => {
        const { bodyIdleMs } = this.#limits;
        const detail =
          mostMs < bodyIdleMs
            ? `the body came at less than ${fewestBytesPerSecond} bytes a second`
            : `nothing of the body came for ${bodyIdleMs / 1000} s`;
        reject(new Problem('too-slow', detail, { headers: { connection: 'close' } }));
      }, mostMs);
    });
    try {
      return await Promise.race([reading, late]);
    } finally {
      clearTimeout(timer);
      forget();
    }
  }
}
