// Tests core/testing/checks/event-checks.ts and hostileVariantsOf() in core/testing/kit/events-hostile.ts.
import path from 'node:path';
import { expect, test } from '@jest/globals';
import type { AnyDestination, Batch, Exchange } from '../../../core/index.ts';
import { canonicalEvents, hostileEvents } from '../../../core/testing/index.ts';
import { hostileVariantsOf } from '../../../core/testing/kit/events-hostile.ts';
import { failuresOf } from '../../support/contract/failures.ts';
import kites from '../../support/contract/kites/index.ts';
import type { Sale } from '../../support/contract/kites/mapping.ts';
import { readReply, response } from '../../support/contract/kites/response.ts';

test('F-43 hostile events are made of any event, and are of its kind unless their kind is what is odd', () => {
  const variants = hostileVariantsOf(canonicalEvents['signed-up']);
  expect(variants.map(({ title }) => title)).toEqual(hostileEvents.map(({ title }) => title));
  const others = variants.filter(({ title, make }) => {
    if (/10 MB|10,000/.test(title)) return false;
    const { event } = (make() ?? {}) as { event?: unknown };
    return event !== 'Signed Up' && !/^(?:event is|a track call|an? |null )/.test(title);
  });
  expect(others).toEqual([]);
});

test('F-43 a good event that is not delivered beside hostile ones is told with its request and the answer', async () => {
  const read = (exchange: Exchange, batch: Batch<Sale>) =>
    batch.items.length > 3 ? undefined : readReply(exchange, batch);
  const definition = { ...kites, response: { ...response, readReply: read } } as AnyDestination;
  const found = await failuresOf(path.resolve('test/support/contract/kites'), {
    definition,
    only: /^events: good and/,
  });
  expect(found).toMatch(
    /<- the good event after .* is deferred \(ambiguous_delivery: .*\): it left with \d others, and the answer was \{"status":200,/,
  );
});
