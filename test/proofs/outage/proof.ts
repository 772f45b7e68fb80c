import { runOutage } from './run.ts';
import { defineProof, givenOrNot, wholeNumber } from '../proof.ts';

export default defineProof({
  name: 'outage',
  proves: 'an hour of outage meets few probes; then the oldest events go first, at the pace',
  takes: '2 min',
  about:
    'A vendor is out of order for one hour of virtual time, before a full queue. With --gateway it answers 502 in place of 503, ' +
    'where a second copy of an event does harm (as at Adjust): such events are not sent again.',
  flags: {
    events: wholeNumber('events in the queue, of a fortieth as many keys', 200_000),
    sockets: wholeNumber('connections to the vendor at once', 4),
    gateway: givenOrNot('502 where a copy does harm, in place of 503'),
  },
  async run({ events, sockets, gateway }) {
    const status = gateway ? 502 : 503;
    const startedAt = performance.now();
    const numbers = await runOutage({
      events,
      keys: Math.ceil(events / 40),
      sockets,
      answer: { status },
      replay: gateway ? 'harmful' : 'tolerated',
    });
    const {
      during,
      beforeFirstFailure,
      untilCircuitOpened,
      probesNeeded,
      busiestSecond,
      permits,
      mostOpen,
      concurrency,
    } = numbers;
    const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
    // With more than a few sockets, requests that left before the first bad answer cannot be avoided.
    const avoidable = during - (sockets > 4 ? beforeFirstFailure : 0);

    console.log(
      `${events} events queued, one hour of ${status}, in ${seconds(performance.now() - startedAt)} of real time`,
    );
    console.log(`requests during the outage  ${during}: ${beforeFirstFailure} before the first bad answer was back,`);
    console.log(
      `                            ${untilCircuitOpened - beforeFirstFailure} more until the vendor was left alone, ${during - untilCircuitOpened} probes; probing needs ${probesNeeded}`,
    );
    console.log(
      `ratio                       ${(during / probesNeeded).toFixed(2)}; without the first ${beforeFirstFailure}: ${((during - beforeFirstFailure) / probesNeeded).toFixed(2)} (at most 1.20)`,
    );
    console.log(
      `first event afterwards      ${seconds(numbers.firstAfterMs)}, the last ${seconds(numbers.lastAfterMs)}`,
    );
    console.log(`busiest second              ${busiestSecond} requests (the pace allows ${permits})`);
    console.log(`most requests at once       ${mostOpen} (the pace allows ${concurrency})`);
    console.log(`delivered                   ${numbers.delivered}, twice ${numbers.twice}, left ${numbers.left}`);
    console.log(
      `ended unknown               ${numbers.unknown}${gateway ? ': the vendor may have each, and none was sent again' : ''}`,
    );
    console.log(`overtaken in its key        ${numbers.outOfOrder}`);

    return (
      avoidable <= 1.2 * probesNeeded &&
      busiestSecond <= permits &&
      mostOpen <= concurrency &&
      numbers.delivered + numbers.unknown === events &&
      numbers.unknown === (gateway ? during : 0) &&
      numbers.outOfOrder + numbers.twice + numbers.left === 0
    );
  },
});
