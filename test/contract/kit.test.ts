import path from 'node:path';
import { expect, test } from '@jest/globals';
import {
  acceptAll,
  decide,
  payload,
  propertiesOf,
  skip,
  z,
  type AnyDestination,
  type DefinedDestination,
  type HttpRequest,
} from '../../core/index.ts';
import { checkDestination, type CheckResult } from '../../core/testing/index.ts';
import { failuresOf } from '../support/contract/failures.ts';
import paperplane from '../support/contract/paperplane/index.ts';
import type { Config } from '../support/contract/paperplane/config.ts';
import type { Purchase } from '../support/contract/paperplane/mapping.ts';

const folder = path.resolve('test/support/contract/paperplane');
type Paperplane = DefinedDestination<Config, Purchase>;
const { transform, request, response } = paperplane;
const classifyError: typeof response.classifyError = (failure, batch) => response.classifyError(failure, batch);

/** The titles of the checks that fail, with why; `only` those that this is about, to be quick. */
const failures = (parts: Partial<Paperplane> | object, only?: RegExp): Promise<string> =>
  failuresOf(folder, { definition: { ...paperplane, ...parts } as AnyDestination, ...(only && { only }) });

const changedRequest = (change: (made: HttpRequest, config: Config) => HttpRequest): Pick<Paperplane, 'request'> => ({
  request: (config, prepared) => change((request as NonNullable<Paperplane['request']>)(config, prepared), config),
});

test('a folder that keeps its promises passes every check, and all run but those whose subject no reply has', async () => {
  const results: CheckResult[] = [];
  for await (const result of checkDestination(folder)) results.push(result);
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  const notRun = results.filter(({ why }) => why !== undefined);
  expect(notRun.map(({ why }) => why)).toEqual([
    'a recorded success has no member that says so',
    'no reply says that its refusal is about the whole request',
    'the answer that names the refused events has no count of them, and one name for each',
    'every recorded answer that names some takes the others',
    'this destination has no paceKey',
  ]);
  expect(results.length).toBeGreaterThan(30);
}, 30_000);

test('a lookup that answers to "constructor" is caught', async () => {
  const kinds: Record<string, string> = { ios: 'app', android: 'app' };
  const looksUp: Paperplane['transform'] = (event, config, context) => {
    const type = (event.context?.['device'] as { type?: string } | undefined)?.type ?? '';
    const made = transform(event, config, context);
    return made.kind === 'payload' ? payload({ ...made.payload, kind: kinds[type] } as Purchase) : made;
  };
  expect(await failures({ transform: looksUp }, /hostile/)).toMatch(
    /device type of "constructor".*type function at "kind"/,
  );
});

test('a NaN that slips into a payload is caught', async () => {
  const careless: Paperplane['transform'] = (event) =>
    event.type === 'track'
      ? payload({ account: '1', at: Date.parse(event.timestamp ?? ''), email: 'a@example.com' })
      : skip('unmapped_event', 'no purchase');
  expect(await failures({ transform: careless }, /hostile/)).toMatch(/timestamp.*NaN at "at"/);
});

test('a transform that throws is caught, with the event that made it', async () => {
  const throws: Paperplane['transform'] = (event, config, context) => {
    if (event.type === 'track') (propertiesOf(event)['currency'] as string).toUpperCase();
    return transform(event, config, context);
  };
  expect(await failures({ transform: throws }, /canonical/)).toMatch(/: transform\(\) throws TypeError/);
});

test('a transform that changes the event, counts calls or answers by a promise is caught', async () => {
  const changes: Paperplane['transform'] = (event, config, context) => {
    (event as { seen?: boolean }).seen = true;
    return transform(event, config, context);
  };
  expect(await failures({ transform: changes }, /canonical/)).toMatch(/transform\(\) throws TypeError/);

  let calls = 0;
  const counts: Paperplane['transform'] = (event, config, context) => {
    const made = transform(event, config, context);
    return made.kind === 'payload' ? payload({ ...made.payload, amount: (calls += 1) }) : made;
  };
  expect(await failures({ transform: counts }, /canonical/)).toMatch(/two answers to the same question/);

  const promises = async () => Promise.resolve(skip('unmapped_event', 'later'));
  expect(await failures({ transform: promises }, /canonical/)).toMatch(/not synchronous/);
});

test('a credential that a preview shows, or a URL carries, is caught', async () => {
  const credentials = ({ apiKey }: Config) => Buffer.from(apiKey).toString('hex');
  const inHeader = changedRequest((made, config) => ({
    ...made,
    headers: { ...made.headers, authorization: `Bearer ${credentials(config)}`, 'x-trace': credentials(config) },
  }));
  expect(await failures(inHeader, /secrets/)).toMatch(/a secret shows in/);

  const inUrl = changedRequest((made, { apiKey }) => ({ ...made, url: `${made.url}?key=${apiKey}` }));
  expect(await failures(inUrl, /secrets/)).toMatch(/a URL has a secret/);
});

test('F-42 an answer that is quoted in an outcome is caught, though core masks what it knows', async () => {
  const quotes: Paperplane['response'] = {
    ...response,
    classifyError(failure, batch) {
      const said = failure.kind === 'http' ? failure.response.body : '';
      return failure.kind === 'http' ? decide('reject', 'vendor_rejected', said) : classifyError(failure, batch);
    },
  };
  expect(await failures({ response: quotes }, /secrets|privacy/)).toMatch(
    /F-42 .* <- case [\w-]+: a word of the answer shows in/,
  );
});

test('garbage that counts as delivered is caught, by example and by chance', async () => {
  const gullible: Paperplane['response'] = { ...response, readReply: (_exchange, batch) => acceptAll(batch) };
  const found = await failures({ response: gullible }, /garbage|if the vendor confirmed/);
  expect(found).toMatch(/never garbage <- 200 "" is delivered/);
  expect(found).toMatch(/is delivered without a success from the vendor/);
});

test('members of the response that a folder makes of its settings are watched, too', async () => {
  const responseFor: Paperplane['responseFor'] = () => ({ readReply: () => [] });
  expect(await failures({ responseFor }, /canonical|answers: 429/)).toMatch(
    /readReply\(\) gives 0 decisions for 1 items/,
  );
});

test('F-43 what fuzz finds is told in its first line, and shrinking hides it behind no other error', async () => {
  const holdsEmpty = (value: unknown): boolean =>
    typeof value === 'object' &&
    value !== null &&
    (Object.keys(value).length === 0 || Object.values(value).some(holdsEmpty));
  const fragile: Paperplane['transform'] = (event, config, context) => {
    if (holdsEmpty(event)) throw new Error('an empty object');
    return transform(event, config, context);
  };
  const definition = { ...paperplane, transform: fragile } as AnyDestination;
  for (const seed of [2, 3, 5, 6, 9]) {
    const found = await failuresOf(folder, { definition, only: /^fuzz: whatever the events, the/, fuzz: { seed } });
    expect(found).toMatch(/mutates nothing <- transform\(\) throws Error: an empty object\n/);
  }
});

test('F-40 a folder that takes any 200 for a yes passes every check but those of its yes', async () => {
  const failed: string[] = [];
  for await (const { title, ok } of checkDestination(path.resolve('test/support/contract/any-200')))
    if (!ok) failed.push(title);
  expect(failed).toEqual([
    'success: a recorded success that is cut, emptied or replaced by other text does not count',
    'success: a usual form of refusal does not count, alone or inside a recorded success',
  ]);
}, 60_000);

const alwaysYes = (status: number): Paperplane['response'] => ({
  ...response,
  readReply: (exchange, batch) => (exchange.response.status === status ? acceptAll(batch) : undefined),
});

test.each([
  [/^success: a recorded success/, /202 .* is delivered/],
  [/^success: a usual form/, /202 .*error.* is delivered/],
  [/^success: with a verdict/, /two-counted: 202 \{"taken":1\} to 2 events delivers all/],
])('F-40 a yes that is believed whatever it holds is caught: %s', async (only, why) => {
  expect(await failures({ response: alwaysYes(202) }, only)).toMatch(why);
  expect(await failures({}, only)).toBe('');
});

test('F-40 a yes with a verdict too few is caught', async () => {
  const reading = (careful: boolean): Pick<Paperplane, 'response'> => ({
    response: {
      ...response,
      readReply: ({ response: { status, body } }, batch) =>
        status === 202 && body.includes('taken') && (!careful || body.includes('2')) ? acceptAll(batch) : undefined,
    },
  });
  expect(await failures(reading(false), /^success: with a verdict/)).toMatch(/"taken":1/);
  expect(await failures(reading(true), /^success: with a verdict/)).toBe('');
});

test('an answer judged against the house promises is caught', async () => {
  const hasty = (status: number, kind: 'reject' | 'retry'): Paperplane['response'] => ({
    ...response,
    classifyError: (failure, batch) =>
      failure.kind === 'http' && failure.response.status === status
        ? decide(kind, 'vendor_rejected', 'made up')
        : classifyError(failure, batch),
  });
  expect(await failures({ response: hasty(429, 'reject') }, /answers: 429/)).toMatch(
    /expected delivered, got .*rejected/,
  );
  expect(await failures({ response: hasty(503, 'reject') }, /answers: 500/)).toMatch(/503: expected delivered/);
  expect(await failures({ response: hasty(401, 'retry') }, /answers: 401/)).toMatch(/expected suspended/);
  expect(await failures({ response: hasty(418, 'retry') }, /answers: an odd/)).toMatch(/418 is asked/);
});

test('a body or a GET that is made once for all batches is caught', async () => {
  const caught = 'request\\(\\) makes a body or a GET, and is made once for all batches; use requestFor\\(\\)';
  for (const change of [{ body: '[]' }, { method: 'GET' as const }])
    expect(
      await failures(
        changedRequest((made) => ({ ...made, ...change })),
        /^case /,
      ),
    ).toMatch(new RegExp(caught));
});

test('a request to another host, or by http, is caught', async () => {
  const to = (url: string) => changedRequest((made) => ({ ...made, url }));
  const only = /plainest|canonical/;
  expect(await failures(to('https://elsewhere.example.com/'), only)).toMatch(/goes to elsewhere.example.com/);
  expect(await failures(to('http://api.paperplane.example.com/'), only)).toMatch(/goes by http:/);
});

test('a batch() that leaves deliveries out is caught; one that packs too much is kept to the limits by core', async () => {
  const forgetful: Paperplane['batch'] = (deliveries) => deliveries.slice(1).map((delivery) => ({ items: [delivery] }));
  expect(await failures({ batch: forgetful }, /batches: respect/)).toMatch(/defect/);
  const greedy: Paperplane['batch'] = (deliveries) => {
    const [first, ...rest] = deliveries;
    return first === undefined ? [] : [{ items: [first, ...rest] }];
  };
  expect(await failures({ batch: greedy }, /batches: respect/)).toBe('');
});

test('settings without a title, and settings that need nothing, are caught', async () => {
  const bare = z.strictObject({ account: z.string().default('1'), apiKey: z.string().default('k') });
  const found = await failures({ config: bare }, /settings/);
  expect(found).toMatch(/no title or description: account, apiKey/);
  expect(found).toMatch(/\{\} opens a connection/);
});
