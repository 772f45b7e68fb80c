/** The choices of `spillway new`, apart from their schemas: --help needs them, and is to load little. */
export const authSchemes = ['none', 'bearer', 'basic', 'header', 'body'] as const;
export const bodyForms = ['json', 'array', 'list', 'form'] as const;
export const verdictForms = ['none', 'all', 'index', 'id', 'count'] as const;
export type AuthScheme = (typeof authSchemes)[number];
export type BodyForm = (typeof bodyForms)[number];
export type VerdictForm = (typeof verdictForms)[number];

/** What each choice means, for --help and for who is asked. */
export const authMeanings: Readonly<Record<AuthScheme, string>> = {
  none: 'not at all',
  bearer: 'a token, as Authorization: Bearer',
  basic: 'user name and password, as HTTP Basic',
  header: 'a token in another header',
  body: 'a key in the body, beside the events',
};
export const bodyMeanings: Readonly<Record<BodyForm, string>> = {
  json: 'a JSON object, one event per request',
  array: 'a JSON array of events',
  list: 'a JSON object with a list of events',
  form: 'a form, one event per request',
};
export const verdictMeanings: Readonly<Record<VerdictForm, string>> = {
  none: 'nothing that is known yet: a success means all, and a refused part is still to be found out',
  all: 'all or none: a refusal names no event, and nothing of its request was taken',
  index: '{"received":2,"refused":[{"index":1}]}: it lists the refused events by their index',
  id: '{"results":[{"id":"m-1","accepted":true}]}: it has an entry for each event, by its id',
  count: '{"accepted":2}: it counts the events that it took, and does not say which',
};

/** Lines for --help: each choice with its meaning. */
export const choiceLines = (meanings: Readonly<Record<string, string>>): string =>
  Object.entries(meanings)
    .map(([choice, meaning]) => `\n  ${choice.padEnd(7)} ${meaning}`)
    .join('');
