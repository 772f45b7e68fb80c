/** What a simulator writes back. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export const json = (status: number, value: unknown): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

export const bare = (status: number, headers: Readonly<Record<string, string>> = {}): Answer => ({ status, headers });
