import Table from 'cli-table3';
import { loadDestinations } from '../../../core/index.ts';
import { flatOut, paced, type Numbers, type RunOptions } from './runs.ts';
import lodash from 'lodash';
import { accounts } from '../../support/simulators/accounts.ts';
import { defineProof, oneOf, wholeNumber } from '../proof.ts';
import { destinationsFolder } from '../repository.ts';

const most = 0.1;

export default defineProof({
  name: 'neighbours',
  proves: 'a connection that hangs delays no other',
  takes: '10 min',
  about:
    '20 connections in one store, each before a vendor of its own that answers after 20 ms, with and without one more before a ' +
    'vendor that takes requests and never answers. First a steady load, then a backlog worked off as fast as it goes; runs with ' +
    'and without take turns. Fails when p99 or throughput of the 20, by the median of the runs, are off by more than 10 %.',
  flags: {
    rounds: wholeNumber('runs with, and as many without', 3),
    seconds: wholeNumber('length of the steady load, in seconds', 60),
    perSecond: wholeNumber('events a second and connection under the steady load', 20),
    backlog: wholeNumber('events of each connection to work off', 2_000),
    hanging: oneOf('the destination of the connection that hangs (adroll)', lodash.map(accounts, 'slug')),
  },
  async run({ rounds, seconds, perSecond, backlog, hanging = 'adroll' }) {
    const destinations = await loadDestinations(destinationsFolder);
    const known = destinations.map(({ manifest }) => manifest.slug);
    const slugs = Array.from({ length: 20 }, (_, index) => known[index % known.length] ?? '');
    const options: Omit<RunOptions, 'beside'> = { destinations, slugs, hangingSlug: hanging, backlog, latencyMs: 20 };

    type Measure = (beside: boolean) => Promise<Numbers>;
    const load: Measure = (beside) => paced({ ...options, beside }, seconds, perSecond);
    const drain: Measure = (beside) => flatOut({ ...options, beside }, backlog);

    /** With and without in turns, the first of them in turns, too: what changes about the machine meanwhile meets both. */
    async function alternate(name: string, measure: Measure, times: number): Promise<Compared> {
      const runs: Record<'with' | 'without', Numbers[]> = { with: [], without: [] };
      for (let round = 0; round < times; round += 1) {
        for (const beside of round % 2 === 0 ? [false, true] : [true, false]) {
          const numbers = await measure(beside);
          runs[beside ? 'with' : 'without'].push(numbers);
          console.error(`${name} ${round + 1} ${beside ? 'with' : 'without'}: ${JSON.stringify(rounded(numbers))}`);
        }
      }
      return { name, ...runs };
    }

    // The first run pays for what is compiled and cached on the way.
    await paced({ ...options, beside: true }, 5, perSecond);
    const steady = await alternate('load', load, rounds);
    await flatOut({ ...options, beside: true }, Math.ceil(backlog / 4));
    const fast = await alternate('drain', drain, rounds + 2);

    const table = new Table({
      head: ['20 connections', '', 'without', `with a hanging ${hanging}`, 'ratio', 'aim'],
      colAligns: ['left', 'left', 'right', 'right', 'right', 'left'],
      style: { compact: true, head: [], border: [] },
    });
    const judged: boolean[] = [];
    function row(what: string, compared: Compared, figure: Figure, aim?: 'at most' | 'at least'): void {
      const ratio = ratioOf(compared, figure);
      const bound = aim === 'at most' ? 1 + most : 1 - most;
      const reached = aim === undefined || (aim === 'at most' ? ratio <= bound : ratio >= bound);
      judged.push(reached);
      table.push([
        what,
        titles[figure],
        median(compared.without, figure).toFixed(1),
        median(compared.with, figure).toFixed(1),
        ratio.toFixed(3),
        aim === undefined ? '' : `${aim} ${bound.toFixed(2)}: ${reached ? 'reached' : 'MISSED'}`,
      ]);
    }
    const first = `${seconds} s of ${20 * perSecond} events/s`;
    row(first, steady, 'perSecond', 'at least');
    row('', steady, 'p50');
    row('', steady, 'p99', 'at most');
    row('', steady, 'loopP99');
    row('', steady, 'loopMax');
    row('', steady, 'cpu');
    row(`${backlog} each, flat out`, fast, 'perSecond', 'at least');
    row('', fast, 'loopP99');
    row('', fast, 'loopMax');
    console.log(table.toString());
    const wrong = [...steady.with, ...steady.without, ...fast.with, ...fast.without].flatMap(
      (numbers) => numbers.wrong,
    );
    for (const what of wrong) console.log(what);
    if (wrong.length === 0) console.log('nothing lost, nothing twice; all of the hanging one waits');
    return judged.every(Boolean) && wrong.length === 0;
  },
});

interface Compared {
  readonly name: string;
  readonly with: readonly Numbers[];
  readonly without: readonly Numbers[];
}
type Figure = Exclude<keyof Numbers, 'wrong'>;
const titles: Readonly<Record<Figure, string>> = {
  perSecond: 'events/s',
  p50: 'p50 ms',
  p99: 'p99 ms',
  loopP99: 'event loop p99 ms',
  loopMax: 'event loop max ms',
  cpu: 'CPU, % of a core',
};

const rounded = (numbers: Numbers): object =>
  Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [
      name,
      typeof value === 'number' ? Number(value.toFixed(1)) : value,
    ]),
  );

function median(runs: readonly Numbers[], figure: Figure): number {
  const sorted = runs.map((run) => run[figure]).sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

const ratioOf = (compared: Compared, figure: Figure): number =>
  median(compared.with, figure) / median(compared.without, figure);
