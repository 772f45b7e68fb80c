import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { JsonObject } from '../../../core/index.ts';

/** A request as an SDK made it. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly batch: readonly JsonObject[]; readonly sentAt: string };
}

/** What an SDK sent for an identify, a track, a track with a timestamp of the caller, a page, a screen, a group, an alias. */
export const recorded = (sdk: 'segment-node' | 'rudderstack-node'): readonly RecordedRequest[] =>
  (
    JSON.parse(readFileSync(path.join('test/support/service/recorded', `${sdk}.json`), 'utf8')) as {
      readonly requests: readonly RecordedRequest[];
    }
  ).requests;
