import { createColors } from 'picocolors';
import { eventIdOf } from '../../index.ts';
import { parseLine } from './event-source.ts';
import { exitCode } from './exit-codes.ts';
import { previewText, type PreviewedLine } from './preview-text.ts';
import { openInput } from './input.ts';
import { readLines } from './lines.ts';
import { openConnection, type ConnectionFlags } from './open-connection.ts';
import { jsonText } from './printable.ts';
import { colourful, print, type Terminal } from './terminal.ts';

export interface PreviewFlags extends ConnectionFlags {
  readonly input: string;
  readonly json?: boolean;
}

/** `spillway preview`: what would be sent for each event, and why, or why not. Nothing leaves. */
export async function preview(slug: string, flags: PreviewFlags, terminal: Terminal): Promise<number> {
  const input = openInput(flags.input, terminal);
  const { connection, runtime } = await openConnection(slug, flags, terminal.env).catch((error: unknown) => {
    input.close();
    throw error;
  });
  try {
    const colours = createColors(colourful(terminal.stdout, terminal.env));
    let code: number = exitCode.ok;
    let isEmpty = true;
    for await (const line of readLines(input.chunks)) {
      isEmpty = false;
      const read = parseLine(line);
      const shown: PreviewedLine =
        read.kind === 'event'
          ? { line: line.number, messageId: eventIdOf(read.event), ...(await connection.preview(read.event)) }
          : { line: line.number, messageId: '', kind: 'rejected', stage: 'line', reason: read.outcome.reason };
      if (read.kind === 'unreadable') code = exitCode.unreadable;
      const text = flags.json === true ? jsonText(shown) : previewText(shown, colours);
      if (!(await print(terminal.stdout, text))) break;
    }
    if (isEmpty) await print(terminal.stderr, 'spillway: the input has no events: there is nothing to preview\n');
    return code;
  } finally {
    await runtime.close();
    input.close();
  }
}
