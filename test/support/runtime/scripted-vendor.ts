import type { Dispatcher } from 'undici';
import { seenRequest, type SeenRequest } from '../../../core/testing/kit/seen-request.ts';
import {
  inOrder,
  VendorDouble,
  type LateReply,
  type Script as ScriptFor,
  type ScriptedReply,
} from '../../../core/testing/kit/vendor-double.ts';

export type { LateReply, ScriptedReply };

/** A request to the test vendor. */
export interface Seen extends SeenRequest {
  readonly path: string;
  /** The body as it was handed over, compressed or not. */
  readonly sentBody: Buffer;
  /** The ids of the events in it. */
  readonly ids: readonly string[];
}

export type Script = ScriptFor<Seen>;

/** The vendor in this process, of whose requests tests want the ids and the bytes. */
export class ScriptedVendor extends VendorDouble<Seen> {
  protected override read(options: Dispatcher.DispatchOptions): Seen {
    const request = seenRequest(options);
    const ids = [...request.text.matchAll(/"id":"([^"]*)"/g)].map(([, id]) => id ?? '');
    return Object.assign(request, { path: options.path, sentBody: options.body as Buffer, ids });
  }
}

/** 200, whatever comes. */
export const yes: LateReply = { status: 200 };

/** For tests that draw them at random. */
export const answersOfAllKinds: readonly ScriptedReply[] = [
  yes,
  yes,
  { status: 400 },
  { status: 413 },
  { status: 401 },
  { status: 503 },
  { status: 429, headers: { 'retry-after': '90' } },
  { status: 429, headers: { 'retry-after': '1' } },
  { fault: 'reset' },
  { fault: 'refused' },
];

/** The replies in order, then 200 for ever. */
export const inTurn =
  (...replies: readonly ScriptedReply[]) =>
  (request: Seen, position: number): ScriptedReply =>
    inOrder(...replies)(request, position) ?? yes;
