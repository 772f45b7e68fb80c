import { compileMapping, compileQuery, type ConnectionOptions } from '../../../core/index.ts';
import { connect } from '../connect.ts';
import type { Effort } from '../effort.ts';
import { InstantVendor } from '../instant-vendor.ts';
import { atLeast, atMost, type Row } from '../report.ts';
import { cpuPerEvent, interleave } from '../rounds.ts';
import { inCallsOf } from '../runs.ts';
import { linesFor, subjectOf } from '../subjects.ts';

/** The longest pattern there is, of the kind that makes others backtrack. */
const glob = `*${'?'.repeat(252)}ab*`;

const subscribe = "type = 'track' and event in ['Order Completed', 'Checkout Started', 'Order Refunded']";

/** Ten rows, as a shop writes them whose events have other names. The vendor gets the same bytes with and without. */
const mapping = {
  set: {
    event: 'Order Completed',
    'properties.copy.order_id': { '@path': '$.properties.order_id' },
    'properties.copy.total': { '@path': '$.properties.total' },
    'properties.copy.currency': { '@path': '$.properties.currency' },
    'properties.copy.coupon': { '@path': '$.properties.coupon' },
    'properties.copy.products': { '@path': '$.properties.products' },
    'properties.copy.email': { '@path': '$.context.traits.email' },
    'properties.copy.label': { '@template': '{{properties.order_id}}-{{properties.currency}}' },
    'properties.copy.kind': { '@map': { value: { '@path': '$.type' }, to: { track: 1, page: 2 } } },
    'context.shop': 'main',
  },
};

/** How often each event is asked in one pass, so that the loop and the clock weigh nothing. */
const times = 20;

/** What a subscription and a mapping cost: alone, and as a part of a connection beside one that has neither. */
export async function rules(effort: Effort): Promise<readonly Row[]> {
  return [...(await alone(effort)), ...(await longestGlob(effort)), ...(await inConnection(effort))];
}

async function longestGlob(effort: Effort): Promise<readonly Row[]> {
  const query = compileQuery(`match(properties.text, '${glob}')`);
  if (!query.ok) throw new Error('the query of this case is wrong');
  const event = { properties: { text: 'a'.repeat(100_000) } };
  const run = (): void => {
    if (query.matches(event)) throw new Error('the text matches');
  };
  const measured = await interleave([{ name: 'a glob of 256 signs, a text of 100 kB', run }], cpuPerEvent(1), effort);
  return measured.map(({ name, ratio: _ratio, ...spread }) => ({
    what: name,
    ...spread,
    unit: 'CPU us',
    aim: atMost(spread.median, 5_000, ' us'),
  }));
}

async function alone(effort: Effort): Promise<readonly Row[]> {
  const events = linesFor(subjectOf('Rokt, 100 a request'), effort.events).map((line) => JSON.parse(line) as object);
  const query = compileQuery(subscribe);
  const rows = compileMapping(mapping);
  if (!query.ok || !rows.ok) throw new Error('the rules of this case are wrong');
  const asked = (ask: (event: object) => unknown) => () => {
    let held = 0;
    for (let time = 0; time < times; time += 1) for (const event of events) if (ask(event) === false) held += 1;
    if (held > 0) throw new Error(`${held} events do not match`);
  };
  const measured = await interleave(
    [
      { name: 'subscribe: a type and three names', run: asked((event) => query.matches(event)) },
      { name: 'mapping: ten rows', run: asked((event) => rows.apply(event)) },
    ],
    cpuPerEvent(effort.events * times),
    effort,
  );
  return measured.map(({ name, ratio: _ratio, ...spread }, index) => ({
    what: name,
    ...spread,
    unit: 'CPU us/event',
    aim: atMost(spread.median, index === 0 ? 0.3 : 3, ' us'),
  }));
}

async function inConnection(effort: Effort): Promise<readonly Row[]> {
  const subject = subjectOf('Rokt, 100 a request');
  const lines = linesFor(subject, effort.events);
  const contender = (name: string, options?: ConnectionOptions) => {
    const { connection } = connect(subject, { dispatcher: new InstantVendor(subject), ...(options && { options }) });
    return { name, run: () => inCallsOf(100, connection, lines) };
  };
  const measured = await interleave(
    [
      contender('Rokt bulk, no rules'),
      contender('the same once more: the noise'),
      contender('with subscribe', { subscribe }),
      contender('with ten rows', { mapping }),
      contender('with both', { subscribe, mapping }),
    ],
    cpuPerEvent(effort.events),
    effort,
  );
  return measured.map(({ name, ratio, ...spread }, index) => ({
    what: name,
    ...spread,
    unit: 'CPU us/event',
    ratio,
    ...(index === 2 ? { aim: atLeast(ratio, 0.95) } : {}),
  }));
}
