import { exitCode } from './exit-codes.ts';
import { originOf, withinOf } from './flag-parsers.ts';
import { openConnection, type ConnectionFlags } from './open-connection.ts';
import { firstLine, jsonText } from './printable.ts';
import { proxyChoice } from './proxy-choice.ts';
import { print, type Terminal } from './terminal.ts';

export interface CheckFlags extends ConnectionFlags {
  readonly origin?: string;
  readonly within?: number;
  readonly proxy?: boolean;
  readonly json?: boolean;
}

/** `spillway check`: asks the vendor once whether it accepts the credentials. Changes nothing there. */
export async function check(slug: string, flags: CheckFlags, terminal: Terminal): Promise<number> {
  const withinMs = withinOf(flags.within, terminal.env);
  const settings = { origin: originOf(flags.origin, terminal.env), ...(await proxyChoice(flags.proxy, terminal)) };
  const { connection, runtime } = await openConnection(slug, flags, terminal.env, settings);
  try {
    const result = await connection.check(withinMs === undefined ? {} : { withinMs });
    const why =
      result.kind === 'ok' ? result.proves : result.kind === 'unsupported' ? result.message : result.reason.message;
    const text = flags.json === true ? jsonText(result) : `${firstLine(`${result.kind}: ${why}`)}\n`;
    await print(terminal.stdout, text);
    if (result.kind === 'refused') return exitCode.unauthorized;
    return result.kind === 'unreachable' ? exitCode.undelivered : exitCode.ok;
  } finally {
    await runtime.close();
  }
}
