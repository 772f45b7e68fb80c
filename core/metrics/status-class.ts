/** `2xx` and the like: one of five labels for any HTTP status. */
export const statusClassOf = (status: number): string => classes[Math.trunc(status / 100)] ?? 'other';

const classes = ['other', '1xx', '2xx', '3xx', '4xx', '5xx'];
