import { errnoOf, exitCode, Refusal } from './exit-codes.ts';
import { createLineCutter, type InputLine } from './lines.ts';

/** The lines of an input that are not blank. Throws a Refusal, after the lines before it, where the input breaks off. */
export async function* linesOf(chunks: AsyncIterator<Buffer>): AsyncGenerator<InputLine, void, undefined> {
  const cutter = createLineCutter();
  try {
    for (let chunk = await chunks.next(); chunk.done !== true; chunk = await chunks.next())
      yield* cutter.cut(chunk.value);
  } catch (error) {
    throw new Refusal(exitCode.unreadable, `the input could not be read to its end (${errnoOf(error)})`);
  }
  yield* cutter.end();
}
