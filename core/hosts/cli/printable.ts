// oxlint-disable-next-line no-control-regex -- these are the characters to look for
const unprintable = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Those among them that JSON does not escape by itself. */
const unprintableInJson = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The value as JSON, on one line or indented, that means the same and cannot steer a terminal; with a line feed. */
export const jsonText = (value: unknown, indent?: number): string =>
  `${printableJson(JSON.stringify(value, undefined, indent))}\n`;

/** JSON as it was written, unable to steer a terminal. */
export const printableJson = (json: string): string => json.replace(unprintableInJson, escaped);

/** Text from outside, unable to steer a terminal: control and direction characters become escapes. Keeps line feeds. */
export const printable = (text: string): string => text.replace(unprintable, escaped);

/** The same, up to the first line feed. */
export const firstLine = (text: string): string => printable(text.split(/\r?\n/, 1)[0] ?? '');
