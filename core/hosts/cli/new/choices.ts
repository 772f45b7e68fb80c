/** The choices of `spillway new`, apart from their schemas: --help needs them, and is to load little. */
export const authSchemes = ['none', 'bearer', 'basic', 'header', 'body'] as const;
export const bodyForms = ['json', 'array', 'list', 'form'] as const;
export const verdictForms = ['none', 'index', 'id', 'count'] as const;
export type AuthScheme = (typeof authSchemes)[number];
export type BodyForm = (typeof bodyForms)[number];
export type VerdictForm = (typeof verdictForms)[number];
