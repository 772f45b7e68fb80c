import { defineProof, wholeNumber } from '../proof.ts';
import { runClusterPace } from './run.ts';

/** ROKT-44 */
const mostInSecond = 270;
/** The folder's pace is 256. */
const leastPerSecond = 230;
const mostMsToStop = 250;

export default defineProof({
  name: 'cluster-pace',
  proves: 'processes of one account send no more together than the vendor allows, and pause together',
  takes: '1 min',
  about:
    'Processes send conversions over one account of Rokt, which takes 270 a second, and share its rate by a nats-server that this starts (Debian has it as a ' +
    'package). The vendor, in a process of its own, answers one request with 429 and a Retry-After, and notes when each request comes: one conversion a request, then ' +
    'in bulk. Prints the most conversions in any second, wherever it starts, at the vendor and as they left (a busy machine lets requests wait between the two), those a second before the pause, and how many milliseconds after the 429 the last request ' +
    `came. Fails when a second has more than ${mostInSecond}, when fewer than ${leastPerSecond} a second come one by one, when a request comes more than ${mostMsToStop} ms after the 429, or ` +
    'when a conversion is not delivered.',
  flags: {
    processes: wholeNumber('processes that send', 4),
    seconds: wholeNumber('before the pause, and again after it', 10),
    pause: wholeNumber('that the vendor asks for, in seconds', 3),
    latency: wholeNumber('of the answers, in ms', 100, 0),
  },
  async run({ processes, seconds, pause, latency }) {
    let good = true;
    for (const bulk of [false, true]) {
      const numbers = await runClusterPace({ processes, seconds, pauseSeconds: pause, latencyMs: latency, bulk });
      const { sent, delivered, defects, busiestSecond, busiestAtDeparture, perSecond, stoppedWithinMs, pausedMs } =
        numbers;
      console.log(bulk ? 'in bulk' : 'one a request');
      console.log(`  delivered            ${delivered} of ${sent}, by ${processes} processes`);
      console.log(`  most in any second   ${busiestSecond} (at most ${mostInSecond})`);
      console.log(`  most as they left    ${busiestAtDeparture}`);
      console.log(`  a second             ${perSecond.toFixed(1)}${bulk ? '' : ` (at least ${leastPerSecond})`}`);
      console.log(`  last after the 429   ${stoppedWithinMs.toFixed(1)} ms (at most ${mostMsToStop})`);
      console.log(`  paused               ${(pausedMs / 1_000).toFixed(2)} s (at least ${pause})`);
      for (const defect of defects) console.log(`  defect               ${defect}`);
      good &&= delivered === sent && busiestSecond <= mostInSecond && (bulk || perSecond >= leastPerSecond);
      good &&= stoppedWithinMs <= mostMsToStop && pausedMs >= pause * 1_000 && defects.length === 0;
    }
    return good;
  },
});
