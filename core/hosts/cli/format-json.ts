const width = 120;

/** JSON text with a last newline, formatted as Prettier formats a value that came on one line. */
export const formatJson = (value: unknown): string => `${formatted(value, 0, 0)}\n`;

/** `used` counts the characters of the line that belong to others: the indent, the key, and a comma that follows. */
function formatted(value: unknown, depth: number, used: number): string {
  const line = onOneLine(value);
  if (typeof value !== 'object' || value === null) return line;
  if (used + line.length <= width && !mustBreak(value)) return line;
  const inner = '  '.repeat(depth + 1);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const keyed: readonly (readonly [key: string, member: unknown])[] = Array.isArray(value)
    ? value.map((member: unknown) => ['', member])
    : Object.entries(value).map(([key, member]) => [`${JSON.stringify(key)}: `, member]);
  const members = keyed.map(([key, member], index) => {
    const comma = index < keyed.length - 1 ? 1 : 0;
    return inner + key + formatted(member, depth + 1, inner.length + key.length + comma);
  });
  const text = isNumbers(value) ? filled(value.map(onOneLine), inner) : members.join(',\n');
  return `${open}\n${text}\n${'  '.repeat(depth)}${close}`;
}

/** Lists of lists, or of objects, with several members each are easier to read below one another. */
function mustBreak(value: object): boolean {
  const members: readonly unknown[] = Object.values(value);
  const sizes = members.map((member) => (isComposite(member) ? Object.keys(member).length : 0));
  const alike = members.every((member) => Array.isArray(member) === Array.isArray(members[0]));
  if (Array.isArray(value) && members.length > 1 && alike && sizes.every((size) => size > 1)) return true;
  return members.some((member) => isComposite(member) && mustBreak(member));
}

const isComposite = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isNumbers = (value: object): value is readonly number[] =>
  Array.isArray(value) && value.length > 1 && value.every((member) => typeof member === 'number');

/** As many on each line as fit. */
function filled(words: readonly string[], indent: string): string {
  const lines: string[] = [];
  for (const [index, word] of words.entries()) {
    const text = index < words.length - 1 ? `${word},` : word;
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + text.length <= width) lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(indent + text);
  }
  return lines.join('\n');
}

function onOneLine(value: unknown): string {
  if (typeof value === 'number') return String(value).replace('e+', 'e');
  if (!isComposite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`;
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${onOneLine(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}
