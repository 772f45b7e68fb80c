import type { AdjustEvent, Parameters } from './mapping.ts';

/**
 * The whole application/x-www-form-urlencoded body, every value escaped once (ADJUST-05), always in this order.
 * Written by hand because it is on the hot path. Ids, digits and codes need no escape: mapping.ts admits nothing else.
 */
export const encode = (event: AdjustEvent): string =>
  beginningOf(event) +
  field('&created_at_unix=', event.created_at_unix) +
  (event.created_at === undefined ? '' : `&created_at=${escaped(event.created_at)}`) +
  field('&idfa=', event.idfa) +
  field('&idfv=', event.idfv) +
  field('&gps_adid=', event.gps_adid) +
  field('&fire_adid=', event.fire_adid) +
  field('&oaid=', event.oaid) +
  field('&android_id=', event.android_id) +
  field('&adid=', event.adid) +
  field('&ip_address=', event.ip_address) +
  (event.user_agent === undefined ? '' : `&user_agent=${escapedAgent(event.user_agent)}`) +
  field('&att_status=', event.att_status) +
  field('&tracking_enabled=', event.tracking_enabled) +
  field('&revenue=', event.revenue) +
  field('&currency=', event.currency) +
  json('&callback_params=', event.callback_params) +
  json('&partner_params=', event.partner_params);

const field = (lead: string, value: string | undefined): string => (value === undefined ? '' : lead + value);

/** What the forms of all events of one token begin with. */
interface Beginning extends Pick<AdjustEvent, 'app_token' | 'environment'> {
  readonly text: string;
}

/** By event token, of the app that used it last. */
const beginnings = new Map<string, Beginning>();

function beginningOf({ app_token, event_token, environment }: AdjustEvent): string {
  const known = beginnings.get(event_token);
  if (known?.app_token === app_token && known.environment === environment) return known.text;
  const text = `s2s=1&app_token=${escaped(app_token)}&event_token=${escaped(event_token)}&environment=${environment}`;
  remember(beginnings, event_token, { app_token, environment, text });
  return text;
}

/**
 * What is remembered lives as long as the process, for the connections of all customers. That is safe: an escape
 * depends on the text alone, and a beginning is compared with the app it is for, so a connection gets nothing out of
 * them that it did not bring. They hold tokens, user agents and names of parameters, no ids and no values. And it is
 * bounded: each map is emptied when it has so many texts, however many apps and events there are.
 */
const mostTexts = 1000;
/** Characters of the longest text. Its escape has nine for each at the most, so a map takes 6 MB at the most. */
const longestText = 500;

function remember<T>(memory: Map<string, T>, key: string, value: T): T {
  if (memory.size >= mostTexts) memory.clear();
  memory.set(key, value);
  return value;
}

/** The same escape, for texts that most events have in common. */
function rememberEscapes(escape: (value: string) => string): (value: string) => string {
  const escapes = new Map<string, string>();
  return (value) =>
    value.length > longestText ? escape(value) : (escapes.get(value) ?? remember(escapes, value, escape(value)));
}

const needsNoEscape = /^[\w.~-]*$/;
// oxlint-disable-next-line no-control-regex -- JSON escapes control characters
const needsJsonEscape = /["\\\u0000-\u001f]/;

const escaped = (value: string): string => (needsNoEscape.test(value) ? value : encodeURIComponent(wellFormed(value)));
const escapedAgent = rememberEscapes(escaped);

/** encodeURIComponent throws on half a surrogate pair. Node 20 has the method, the ES2023 types do not. */
const wellFormed = (value: string): string => (value as string & { toWellFormed(): string }).toWellFormed();

/** encodeURIComponent(JSON.stringify(parameters)), in less than half the time. */
function json(lead: string, parameters: Parameters | undefined): string {
  if (parameters === undefined) return '';
  let text = lead;
  let before = '%7B%22';
  for (const name in parameters) {
    text += `${before}${escapedName(name)}%22%3A%22${escapedInJson(parameters[name] ?? '')}%22`;
    before = '%2C%22';
  }
  return `${text}%7D`;
}

/** The text between the quotes. */
function escapedInJson(value: string): string {
  if (needsNoEscape.test(value)) return value;
  const ascii = value.length > mostBytes ? undefined : escapedAscii(value);
  if (ascii !== undefined) return ascii;
  const text = wellFormed(value);
  return encodeURIComponent(needsJsonEscape.test(text) ? JSON.stringify(text).slice(1, -1) : text);
}

const escapedName = rememberEscapes(escapedInJson);

/** A longer text is escaped by the engine. */
const mostBytes = 8192;
/** Where a text is escaped: six bytes for each of its characters, as `%5C%22` has for a quote. */
const room = Buffer.allocUnsafeSlow(6 * mostBytes);
/** What to do with a character of ASCII. */
const ways = { asItIs: 0, escape: 1, escapeAfterBackslash: 2, leave: 3 };
const wayOf = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (code < 0x20) return ways.leave;
  if (character === '"' || character === '\\') return ways.escapeAfterBackslash;
  return encodeURIComponent(character) === character ? ways.asItIs : ways.escape;
});
const hexDigits = Buffer.from('0123456789ABCDEF');

/**
 * The same of a text that is all ASCII, written byte by byte: JSON.stringify and encodeURIComponent take eight times as
 * long for a list as JSON text. `undefined` if the text has other characters.
 */
function escapedAscii(text: string): string | undefined {
  let size = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const way = code < 128 ? wayOf[code] : ways.leave;
    if (way === ways.asItIs) room[size++] = code;
    else if (way === ways.leave) return undefined;
    else {
      if (way === ways.escapeAfterBackslash) size = writeEscape(0x5c, size);
      size = writeEscape(code, size);
    }
  }
  return room.toString('latin1', 0, size);
}

/** Returns where it ends. */
function writeEscape(code: number, at: number): number {
  room[at] = 0x25;
  room[at + 1] = hexDigits[code >> 4] as number;
  room[at + 2] = hexDigits[code & 15] as number;
  return at + 3;
}
