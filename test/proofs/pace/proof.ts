import { defineProof, wholeNumber } from '../proof.ts';
import { runPace } from './run.ts';

/** ROKT-44 */
const mostInSecond = 270;
const leastPerSecond = 250;

export default defineProof({
  name: 'pace',
  proves: 'no second at the vendor sees more than its rate, which is used all the same',
  takes: '25 s',
  about:
    'Conversions go to Rokt, which takes 270 a second and answers after a while, in a process of its own that notes when each ' +
    'has arrived: one a request, then in bulk, each way after 300 that warm the two up. Prints the most in any second, wherever it starts, and the conversions a second. ' +
    `Fails when a second has more than ${mostInSecond}, when fewer than ${leastPerSecond} a second arrive one by one, or when one is not delivered.`,
  flags: {
    conversions: wholeNumber('conversions, each way', 1_500),
    latency: wholeNumber('of the answers, in ms', 100, 0),
  },
  async run({ conversions, latency }) {
    let good = true;
    for (const bulk of [false, true]) {
      const { delivered, busiestSecond, perSecond } = await runPace({ conversions, latencyMs: latency, bulk });
      console.log(bulk ? 'in bulk' : 'one a request');
      console.log(`  delivered            ${delivered} of ${conversions}`);
      console.log(`  most in any second   ${busiestSecond} (at most ${mostInSecond})`);
      console.log(`  a second             ${perSecond.toFixed(1)}${bulk ? '' : ` (at least ${leastPerSecond})`}`);
      good &&= delivered === conversions && busiestSecond <= mostInSecond && (bulk || perSecond >= leastPerSecond);
    }
    return good;
  },
});
