import { withoutPersonal } from '../http/redact.ts';
import { ForbiddenTargetError } from '../http/target.ts';
import { InvalidReturn } from './invalid-return.ts';

/** V8's messages that quote no value. Any part of its other messages, and of a folder's own, may come from an event. */
const engines =
  /^(?:Cannot (?:read|set) properties of (?:undefined|null)|Cannot convert undefined or null to object|[\w$.]+ is not defined|[\w$]+(?:\.[\w$]+)+ is not (?:a function|iterable))/;

/** Describes an error: its class, the safe part of its message, and the line that threw it. Never throws. */
export function errorText(error: unknown): string {
  try {
    if (!(error instanceof Error)) return `threw ${typeof error}`;
    const { name, message, stack = '' } = error;
    const safeMessage = safeMessageOf(error);
    // Only the frames: the message precedes them in the stack, and may look like a frame.
    const frames = stack.includes(message) ? stack.slice(stack.indexOf(message) + message.length) : '';
    const place = /^ +at .*?([^\\/\s(]+:\d+:\d+)\)?$/m.exec(frames)?.[1];
    return [
      /^\w{1,40}$/.test(name) ? name : 'Error',
      safeMessage === undefined ? '' : `: ${withoutPersonal(safeMessage)}`,
      place === undefined ? '' : ` at ${place}`,
    ].join('');
  } catch {
    return 'an error that cannot be read';
  }
}

function safeMessageOf(error: Error): string | undefined {
  if (error instanceof ForbiddenTargetError) return error.summary;
  return error instanceof InvalidReturn ? error.message : engines.exec(error.message)?.[0];
}
