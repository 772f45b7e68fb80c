import { createLineCutter, type NdjsonLine } from '../../ndjson.ts';
import { CliError, errnoOf, exitCode } from './exit-codes.ts';
import { NotNdjson } from './input-form.ts';

/** Longer lines are not collected. Eight times what the runtime takes for an event. */
export const maxLineBytes = 8 * 1024 * 1024;

/**
 * The lines of an input that are not blank. Throws a CliError, after the lines before it, where the input breaks off.
 */
export async function* readLines(chunks: AsyncIterator<Buffer>): AsyncGenerator<NdjsonLine, void, undefined> {
  const cutter = createLineCutter(maxLineBytes);
  try {
    for (let chunk = await chunks.next(); chunk.done !== true; chunk = await chunks.next())
      yield* cutter.cut(chunk.value);
  } catch (error) {
    if (error instanceof NotNdjson) throw error;
    throw new CliError(exitCode.unreadable, `the input could not be read to its end (${errnoOf(error)})`);
  }
  yield* cutter.end();
}
