/** Where the entry of a line is in the journal, and for which event. */
export interface Entry {
  readonly at: number;
  readonly bytes: number;
  /** A checksum of the event's id. */
  readonly key: number;
}

/** Entries by line number, in 16 bytes each: an input has millions of lines. */
export interface LineIndex {
  set(line: number, entry: Entry): void;
  get(line: number): Entry | undefined;
  /** In order. */
  lines(): Iterable<number>;
}

export function createLineIndex(): LineIndex {
  let at = new Float64Array(1024);
  let bytes = new Uint32Array(1024);
  let keys = new Uint32Array(1024);
  let last = 0;

  function grow(line: number): void {
    const size = 2 ** Math.ceil(Math.log2(line + 1));
    const [oldAt, oldBytes, oldKeys] = [at, bytes, keys];
    [at, bytes, keys] = [new Float64Array(size), new Uint32Array(size), new Uint32Array(size)];
    at.set(oldAt);
    bytes.set(oldBytes);
    keys.set(oldKeys);
  }

  return {
    set(line, entry) {
      if (line >= at.length) grow(line);
      at[line] = entry.at;
      bytes[line] = entry.bytes;
      keys[line] = entry.key;
      last = Math.max(last, line);
    },
    get: (line) =>
      (bytes[line] ?? 0) === 0
        ? undefined
        : { at: at[line] as number, bytes: bytes[line] as number, key: keys[line] as number },
    *lines() {
      for (let line = 1; line <= last; line += 1) if (bytes[line] !== 0) yield line;
    },
  };
}
