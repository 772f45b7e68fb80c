/** Parameters by name; every value is text. */
export type Form = Readonly<Record<string, string>>;

/**
 * Reads `name=value&...`, decoding once (ADJUST-05). Names are case-sensitive (ADJUST-06) and come once. Answers
 * what is wrong when the text is not such a form.
 */
export function readForm(text: string): Form | string {
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  if (/[^\u0021-\u007e]/.test(text)) return 'The form holds characters that must be encoded';
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=');
    if (equals < 1) return 'The form holds a pair without a name or a value';
    const name = decode(pair.slice(0, equals));
    const value = decode(pair.slice(equals + 1));
    if (name === undefined || value === undefined) return 'The form is not properly encoded';
    if (fields[name] !== undefined) return `Parameter ${name} comes twice`;
    fields[name] = value;
  }
  return fields;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.includes('+') ? text.replaceAll('+', ' ') : text);
  } catch {
    return undefined;
  }
}
