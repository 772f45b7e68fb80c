/** The choices of `spillway new`, apart from their schemas: --help needs them, and is to load little. */
export const authSchemes = ['none', 'bearer', 'basic', 'header'] as const;
export const bodyForms = ['json', 'array', 'form'] as const;
export type AuthScheme = (typeof authSchemes)[number];
export type BodyForm = (typeof bodyForms)[number];
