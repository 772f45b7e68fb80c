/**
 * Whether an answer says in the usual words that the vendor refuses the credentials: a `code` or `status` of 401 or
 * 403, or a text such as "Invalid API key" or "unauthorized". Looks only where an answer describes itself (at the top,
 * inside an error, in a list of errors), not at the data: a shop may be called "Forbidden".
 */
export function refusesCredentials(answer: unknown): boolean {
  if (typeof answer === 'string') return says(answer);
  if (typeof answer !== 'object' || answer === null) return false;
  const entries = Array.isArray(answer) ? answer : [answer];
  return entries.some((entry) => (typeof entry === 'string' ? says(entry) : inObject(entry, true)));
}

const speaking =
  /^(?:error|errors|fault|message|messages|msg|reason|detail|details|description|error_?description|title|faultstring)$/i;
const numbered = /^(?:code|status|status_?code|error_?code)$/i;

function inObject(object: unknown, deeper: boolean): boolean {
  if (typeof object !== 'object' || object === null) return false;
  return Object.entries(object).some(([name, value]) => {
    if (numbered.test(name)) return /^(?:401|403)$/.test(String(value)) || (typeof value === 'string' && says(value));
    if (!speaking.test(name)) return false;
    if (typeof value === 'string') return says(value);
    if (!deeper) return false;
    return (Array.isArray(value) ? (value as readonly unknown[]) : [value]).some((part) =>
      typeof part === 'string' ? says(part) : inObject(part, false),
    );
  });
}

const what = '(?:key|token|secret|password|credentials?|login|signature)';
const wrong = '(?:invalid|incorrect|wrong|bad|unknown|missing|expired|revoked|inactive)';
const words = new RegExp(
  [
    '\\bun-?authori[sz]ed\\b|\\bnot authori[sz]ed\\b|\\bforbidden\\b|\\b(?:access|permission) denied\\b',
    '\\bauthenticat\\w+ (?:failed|required|error)\\b',
    `\\b${wrong}(?: \\w+){0,3} ${what}\\b`,
    `\\b${what}(?: \\w+){0,2} (?:${wrong}|not (?:valid|found|recogni[sz]ed))\\b`,
  ].join('|'),
  'i',
);

/** Only so many characters of a text are searched. */
const longest = 500;

/** Splits names such as `INVALID_API_KEY` and `invalidApiKey` into words first. */
const says = (text: string): boolean =>
  words.test(
    text
      .slice(0, longest)
      .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
      .replaceAll(/[\s_-]+/g, ' '),
  );
