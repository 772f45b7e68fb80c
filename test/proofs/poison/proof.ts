import Table from 'cli-table3';
import { runPartialOutage, runPoison, spread } from './run.ts';
import { vendorCases } from './vendor-cases.ts';
import { defineProof, wholeNumber } from '../proof.ts';

export default defineProof({
  name: 'poison',
  proves: 'events that a vendor always fails on delay no others',
  takes: '1 min',
  about:
    'Events that a vendor always answers with 500, among others, at Adjust (one event a request) and AdRoll (100), for two hours ' +
    'of virtual time in which 50 healthy ones more come every ten minutes; then a vendor that lets one request in 50 through ' +
    'for three hours. Fails when a healthy event waits for more than a minute or is sent again, or the outage makes one poisonous.',
  flags: { events: wholeNumber('events in the queue', 5_000) },
  async run({ events }) {
    let good = true;

    const table = new Table({
      head: ['vendor', 'bad', 'last healthy', 'requests', 'newcomer, at most', 'requests/min', 'bad ones after 2 h'],
    });
    for (const [name, vendorCase] of Object.entries(vendorCases)) {
      for (const count of [1, 2, 5, 6, 10, 50, 500]) {
        const numbers = await runPoison({
          vendorCase,
          events,
          bad: spread(count, events),
          minutes: 125,
          newcomers: 50,
        });
        const { healthyMs, newcomerMs, requestsForHealthy, requestsPerMinute, dead, waiting, twice } = numbers;
        const letters = Object.entries(dead).map(([code, many]) => `${many} ${code}`);
        table.push([
          name,
          count,
          seconds(healthyMs),
          requestsForHealthy,
          seconds(newcomerMs),
          requestsPerMinute.toFixed(1),
          [...letters, `${waiting} waiting`].join(', '),
        ]);
        const inTime = (ms: number | undefined): boolean => ms !== undefined && ms <= 60_000;
        good &&= inTime(healthyMs) && inTime(newcomerMs) && twice === 0;
      }
    }
    console.log(table.toString());

    for (const [name, vendorCase] of Object.entries(vendorCases)) {
      const { minutes, requests, busiestMinute, delivered, dead, waiting } = await runPartialOutage(vendorCase, events);
      const letters = Object.entries(dead).map(([code, many]) => `, ${many} ${code}`);
      console.log(
        `${name}, one request in 50 let through for ${minutes / 60} h: ${(requests / minutes).toFixed(1)} requests a minute, ` +
          `${busiestMinute} in the busiest, ${delivered} events delivered${letters.join('')}, ${waiting} waiting`,
      );
      good &&= (dead['poisonous'] ?? 0) === 0;
    }
    return good;
  },
});

const seconds = (ms: number | undefined): string => (ms === undefined ? 'never' : `${(ms / 1_000).toFixed(1)} s`);
