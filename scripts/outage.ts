/**
 * `npx tsx scripts/outage.ts [events]`: a vendor out of order for one hour of virtual time, before a queue of 200,000 events
 * of 5,000 keys. Prints the numbers; exit 1 when one of them is not what it should be.
 */
import { runOutage } from '../test/queue/outage.ts';

const [events = 200_000] = process.argv.slice(2).map(Number);
const startedAt = performance.now();
const numbers = await runOutage({ events, keys: Math.ceil(events / 40) });
const { during, findingOut, needed, busiestSecond, permits, mostOpen, concurrency } = numbers;
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

console.log(`${events} events queued, one hour of 503, in ${seconds(performance.now() - startedAt)} of real time`);
console.log(`requests during the outage  ${during} (${findingOut} until the worker knew); probing needs ${needed}`);
console.log(`ratio                       ${(during / needed).toFixed(2)} (at most 1.20)`);
console.log(`first event afterwards      ${seconds(numbers.firstAfterMs)}, the last ${seconds(numbers.lastAfterMs)}`);
console.log(`busiest second              ${busiestSecond} requests (the pace allows ${permits})`);
console.log(`most requests at once       ${mostOpen} (the pace allows ${concurrency})`);
console.log(`delivered                   ${numbers.delivered}, twice ${numbers.twice}, left ${numbers.left}`);
console.log(`overtaken in its key        ${numbers.outOfOrder}`);

const good =
  during <= 1.2 * needed &&
  busiestSecond <= permits &&
  mostOpen <= concurrency &&
  numbers.delivered === events &&
  numbers.outOfOrder + numbers.twice + numbers.left === 0;
process.exitCode = good ? 0 : 1;
