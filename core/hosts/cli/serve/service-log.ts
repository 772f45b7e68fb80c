import type { ServiceLog } from '../../../service/index.ts';
import { usage } from '../exit-codes.ts';
import { printable, printableJson } from '../printable.ts';
import type { Output } from '../terminal.ts';

const logForms = ['json', 'text'] as const;

/** The log of a running service: a JSON object a line, or a line for people. */
export async function createServiceLog(output: Output, form: string = 'json'): Promise<ServiceLog> {
  if (form === 'text') return textLog(output);
  if (form === 'json') return jsonLog(output);
  throw usage(`--log: unknown form ${JSON.stringify(form)}; expected one of: ${logForms.join(', ')}`);
}

async function jsonLog(output: Output): Promise<ServiceLog> {
  const { pino } = await import('pino');
  const logger = pino(
    {
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => void output.write(printableJson(line)) },
  );
  return {
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

function textLog(output: Output): ServiceLog {
  const writeAs = (level: string) => (fields: object, message: string) => {
    const more = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
    output.write(printable(`${new Date().toISOString()} ${level} ${message}${more.join('')}`) + '\n');
  };
  return { info: writeAs('info'), warn: writeAs('warn'), error: writeAs('error') };
}
