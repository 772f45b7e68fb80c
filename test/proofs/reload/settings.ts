import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What a step does to the files of the service. */
export const stepKinds = ['changed', 'wrong', 'removed', 'back', 'secret', 'wrong-file'] as const;
export type StepKind = (typeof stepKinds)[number];

/** The message that a step has to lead to. */
export const messageAfter = (kind: StepKind): string =>
  kind === 'wrong' || kind === 'wrong-file'
    ? 'the settings were read again and are wrong'
    : 'the settings have changed';

/**
 * The files of a service, which change step by step. The connection `changing` has the same text as key and as owner in
 * all settings that are right, and one that begins with `wrong` in those that are wrong: so a vendor can tell whether a
 * request has settings of two files, or of a wrong one.
 */
export class ServiceFiles {
  readonly config: string;
  readonly #secret: string;
  readonly #folder: string;
  #number = 0;
  #hasSecond = true;
  #isBySecret = false;

  constructor(folder: string) {
    this.#folder = folder;
    this.config = path.join(folder, 'service.json');
    this.#secret = path.join(folder, 'secret');
    this.#replace(this.#secret, 'pair-0');
    this.#write('pair-0');
  }

  step(kind: StepKind): void {
    this.#number += 1;
    const pair = `pair-${this.#number}`;
    switch (kind) {
      case 'changed':
        this.#isBySecret = false;
        return this.#write(pair);
      case 'secret':
        this.#replace(this.#secret, pair);
        this.#isBySecret = true;
        return this.#write(pair);
      case 'removed':
      case 'back':
        this.#hasSecond = kind === 'back';
        return this.#write(pair);
      case 'wrong':
        return this.#write(`wrong-${this.#number}`, {
          id: 'broken',
          destination: 'mailbox',
          config: { owner: 'nobody' },
        });
      case 'wrong-file':
        return this.#replace(this.config, `{"connections": [{"id": "changing", "config": "wrong-${this.#number}"`);
    }
  }

  #write(pair: string, ...more: readonly object[]): void {
    const text = this.#isBySecret ? `\${file:${this.#secret}}` : pair;
    const mailbox = (id: string, apiKey: string, owner: string): object => ({
      id,
      destination: 'mailbox',
      config: { apiKey, owner },
    });
    const connections = [
      mailbox('changing', text, text),
      mailbox('steady', 'steady', 'steady'),
      ...(this.#hasSecond ? [mailbox('second', 'second', 'second')] : []),
      ...more,
    ];
    this.#replace(this.config, JSON.stringify({ connections }));
  }

  /** Renamed over it, so that nobody reads half of it. */
  #replace(file: string, text: string): void {
    const next = path.join(this.#folder, 'next');
    writeFileSync(next, text, { mode: 0o600 });
    renameSync(next, file);
  }
}
