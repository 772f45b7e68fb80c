import type { StreamedAnswer } from './route.ts';

/** So much text waits for the client; then the items wait. */
const mostText = 65_536;

/**
 * Sends items as NDJSON while they come: those of one turn of the event loop in one piece, and no more than the client
 * takes. `gone` is called when the client goes away.
 */
export function ndjsonAnswer(items: AsyncIterable<unknown>, gone?: () => void): StreamedAnswer {
  const iterator = items[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let text = '';
  let isOver = false;
  let wakeSender: (() => void) | undefined;
  let wakeReader: (() => void) | undefined;
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });

  async function read(): Promise<void> {
    try {
      for (let next = await iterator.next(); next.done !== true && !isOver; next = await iterator.next()) {
        text += `${JSON.stringify(next.value)}\n`;
        wakeSender?.();
        if (text.length > mostText)
          await new Promise<void>((resolve) => {
            wakeReader = resolve;
          });
      }
    } finally {
      isOver = true;
      wakeSender?.();
    }
  }

  let reading: Promise<void> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (reading === undefined) {
        reading = read();
        // While a slow client takes nothing, nobody waits for it: without this, its failure would end the process.
        reading.catch(() => undefined);
      }
      if (text === '' && !isOver)
        await new Promise<void>((resolve) => {
          wakeSender = resolve;
        });
      await new Promise<void>((resolve) => void setImmediate(resolve));
      if (text !== '') controller.enqueue(encoder.encode(text));
      text = '';
      wakeReader?.();
      if (!isOver) return;
      // What read() threw ends the body without its last piece, so that a client cannot take it for complete.
      await reading.finally(end);
      if (text !== '') controller.enqueue(encoder.encode(text));
      controller.close();
    },
    cancel() {
      isOver = true;
      gone?.();
      wakeReader?.();
      // What the items wait for may take long, and nobody waits for them any more.
      void iterator.return?.()?.then(end, end);
      end();
    },
  });
  return { response: new Response(stream, { headers: { 'content-type': 'application/x-ndjson' } }), ended };
}
