import type { BenchBroker } from './broker.ts';
import type { Row } from './report.ts';
import { spreadOf, sweepNursery } from './rounds.ts';
import type { BenchDelivery, DeliveryKind } from './stores/delivery.ts';

/** What one part of a run took. */
interface Cost {
  readonly part: string;
  readonly store: string;
  readonly perSecond: number;
  readonly clientUs: number;
  readonly brokerUs: number;
}

/** A store under measurement: where its events go, and what it has done by now. */
export interface Contender {
  readonly name: string;
  /** Its events are in the vendor's lanes. */
  readonly hasLanes: boolean;
  readonly usesBroker: boolean;
  readonly kind: DeliveryKind;
}

export type Meter = (part: string, events: number, run: () => Promise<void>) => Promise<Cost>;

/** Rounds of all contenders, each in another order; the first, of which code is compiled, does not count. */
export async function inRounds(
  contenders: readonly Contender[],
  { rounds }: { readonly rounds: number },
  broker: BenchBroker,
  drive: (contender: Contender, store: BenchDelivery, meter: Meter) => Promise<readonly Cost[]>,
): Promise<readonly Row[]> {
  const stores = await Promise.all(contenders.map(({ kind }) => kind.open()));
  const costs: (readonly Cost[])[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const all: Cost[] = [];
    for (let place = 0; place < contenders.length; place += 1) {
      const index = (place + round) % contenders.length;
      const contender = contenders[index] as Contender;
      const store = stores[index] as BenchDelivery;
      const meter: Meter = async (part, events, run) => {
        const cost = await measured(broker, events, run);
        return { part, store: contender.name, ...cost, brokerUs: contender.usesBroker ? cost.brokerUs : 0 };
      };
      all.push(...(await drive(contender, store, meter)));
      await workAll(store);
      await store.sweep();
    }
    if (round > 0) costs.push(all);
  }
  await Promise.all(stores.map((store) => store.close()));
  const parts = [...new Set((costs[0] ?? []).map(({ part }) => part))];
  return parts.flatMap((part) => contenders.flatMap(({ name }) => rowsOf(costs, part, name, contenders[0]!.name)));
}

export async function measured(broker: BenchBroker, events: number, run: () => Promise<void>) {
  sweepNursery();
  const brokerBefore = broker.cpuUs();
  const cpu = process.cpuUsage();
  const start = performance.now();
  await run();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const brokerUs = (broker.cpuUs() - brokerBefore) / events;
  return { perSecond: events / seconds, clientUs: (user + system) / events, brokerUs };
}

function rowsOf(rounds: readonly (readonly Cost[])[], part: string, store: string, floor: string): readonly Row[] {
  const of = (costs: readonly Cost[], name: string): Cost =>
    costs.find((cost) => cost.store === name && cost.part === part) as Cost;
  const spread = (figure: (cost: Cost) => number) => spreadOf(rounds.map((costs) => figure(of(costs, store))));
  const beside = (compare: (own: Cost, first: Cost) => number): number =>
    spreadOf(rounds.map((costs) => compare(of(costs, store), of(costs, floor)))).median;
  const what = `${part}: ${store}`;
  const client = beside((own, first) => first.clientUs / own.clientUs);
  const speed = beside((own, first) => own.perSecond / first.perSecond);
  const brokers = spread(({ brokerUs }) => brokerUs);
  return [
    { what, ...spread(({ clientUs }) => clientUs), unit: 'CPU us/event', ratio: client },
    ...(brokers.max === 0 ? [] : [{ what, ...brokers, unit: 'broker us/event' }]),
    { what, ...spread(({ perSecond }) => perSecond), unit: 'events/s', ratio: speed },
  ];
}

export async function workAll(store: BenchDelivery): Promise<void> {
  const work = store.work();
  await work.finished();
  await work.stop();
}
