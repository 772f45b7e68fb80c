/**
 * Cut at line feeds alone: the texts of events may hold every other end of a line. Throws a RangeError beyond `most`
 * bytes.
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let rest = '';
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > most) throw new RangeError(`more than ${most} bytes`);
    const [first = '', ...lines] = decoder.decode(chunk, { stream: true }).split('\n');
    rest += first;
    for (const line of lines) {
      if (rest !== '') yield rest;
      rest = line;
    }
  }
  if (rest !== '') yield rest;
}

/** How much text goes out at once. */
const chunkLength = 65_536;

export async function* writeLines(items: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void, undefined> {
  let text = '';
  for await (const item of items) {
    text += `${JSON.stringify(item)}\n`;
    if (text.length < chunkLength) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}
