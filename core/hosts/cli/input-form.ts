import { CliError, exitCode } from './exit-codes.ts';

/** The input is something else than lines of JSON in UTF-8: nothing of it is read. */
export class NotNdjson extends CliError {
  constructor(what: string, remedy: string) {
    super(exitCode.unreadable, `the input is ${what}: nothing of it was read. ${remedy}`);
  }
}

const compressed: readonly (readonly [start: readonly number[], name: string, command: string])[] = [
  [[0x1f, 0x8b], 'gzip', 'gunzip -c FILE'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'zstd', 'zstd -dc FILE'],
  [[0x50, 0x4b, 0x03, 0x04], 'zip', 'unzip -p FILE'],
];
const longestStart = 4;
const utf8Mark = Buffer.from('\uFEFF');
const openingBracket = 0x5b;
const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/** Looks at the chunks of one input, in their order, until its form is certain; throws NotNdjson. */
export function createFormCheck(): (chunk: Buffer) => void {
  let isCertain = false;
  /** The input so far, as far as it is needed. */
  let start: Buffer = Buffer.alloc(0);
  return (chunk) => {
    if (isCertain) return;
    start = Buffer.concat([start, chunk]);
    assertUncompressedUtf8(start);
    const text = start.subarray(start.indexOf(utf8Mark) === 0 ? utf8Mark.length : 0);
    const first = text.find((byte) => !isBlank(byte));
    if (first === openingBracket)
      throw new NotNdjson('a JSON array', "Events are NDJSON, one object a line: jq -c '.[]' FILE makes it that");
    isCertain = first !== undefined && start.length >= longestStart;
    // What was blank so far stays blank.
    start = start.subarray(0, isCertain ? 0 : longestStart);
  };
}

function assertUncompressedUtf8(start: Buffer): void {
  const form = compressed.find(
    ([bytes]) => start.length >= bytes.length && bytes.every((byte, at) => start[at] === byte),
  );
  if (form !== undefined) throw new NotNdjson(`compressed (${form[1]})`, `Pipe it in: ${form[2]} | spillway ...`);
  const [first, second] = start;
  if (first === undefined || second === undefined) return;
  const hasMark = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  // Of two ASCII characters, each has a zero byte.
  if (hasMark || (first === 0) !== (second === 0))
    throw new NotNdjson('UTF-16', 'Events are UTF-8: iconv -f UTF-16 -t UTF-8 FILE makes it that');
}
