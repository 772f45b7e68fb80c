// Tests that a request's trace reaches the requests to vendors: core/service/trace-context.ts and its callers.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { StartedRequest } from '../../core/index.ts';
import { asNdjson, letter, startService, type UnderTest } from '../support/service/service-under-test.ts';

let under: UnderTest;
afterEach(() => under.stop());

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const ndjson = { 'content-type': 'application/x-ndjson' };

/** What the requests to the vendor say of their traces, once one has left after `send`. */
async function tracesAfter(send: () => Promise<Response>, withStore = false): Promise<readonly string[]> {
  const started: StartedRequest[] = [];
  let wake = (): void => undefined;
  const first = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const onRequest = (request: StartedRequest): undefined => {
    started.push(request);
    wake();
  };
  under = await startService({ withStore, onRequest });
  const response = await send();
  expect(response.ok).toBe(true);
  await response.text();
  await first;
  return started.flatMap(({ traces }) => traces);
}

describe('the trace of a request is that of its events', () => {
  test.each([
    ['/v1/connections/shop/deliver', [letter('m-1')], {}, false],
    ['/v1/connections/shop/deliver', asNdjson([letter('m-1')]), ndjson, false],
    ['/v1/connections/shop/events', [letter('m-1')], {}, true],
    ['/v1/events', asNdjson([letter('m-1')]), ndjson, true],
  ])('%s hands it on, for events that come as %j', async (path, body, headers, withStore) => {
    const send = () => under.ask('POST', path, body, { ...headers, traceparent });
    expect(await tracesAfter(send, withStore)).toEqual([traceparent]);
  });

  test.each([
    ['no version', '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    ['ids of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['more than version 00 has', `${traceparent}-jane@example.com`],
    ['version ff', traceparent.replace(/^00/, 'ff')],
    ['text of people', 'jane@example.com'],
  ])('a traceparent with %s is none', async (_, sent) => {
    const send = () => under.ask('POST', '/v1/connections/shop/deliver', [letter('m-1')], { traceparent: sent });
    expect(await tracesAfter(send)).toEqual([]);
  });

  test('of a later version, what every version has is handed on', async () => {
    const later = traceparent.replace(/^00/, '01');
    const headers = { traceparent: `${later}-more` };
    const send = () => under.ask('POST', '/v1/connections/shop/deliver', [letter('m-1')], headers);
    expect(await tracesAfter(send)).toEqual([later]);
  });
});
