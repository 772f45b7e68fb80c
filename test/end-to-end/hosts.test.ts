import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadDestinations, type AnyDestination } from '../../core/index.ts';
import { accounts } from '../support/simulators/accounts.ts';
import { runHost, ways, type HostReport, type Way } from '../support/host/run.ts';

let destinations: readonly AnyDestination[];
beforeAll(async () => {
  destinations = await loadDestinations(path.join(import.meta.dirname, '../../destinations'));
});

function at(slug: string) {
  const account = accounts.find((one) => one.slug === slug);
  const destination = destinations.find(({ manifest }) => manifest.slug === slug);
  if (account === undefined || destination === undefined) throw new Error(`nothing is known of ${slug}`);
  return { account, destination };
}

const runs = accounts.flatMap(({ slug }) => ways.map((way) => ({ slug, way })));
const wordsOf = ({ disagreements }: HostReport): readonly string[] => disagreements.slice(0, 10);

/** The short form of `npm run proof -- hosts`. */
describe("a host that does what README's table says, at a vendor that fails", () => {
  it.each(runs)(
    '$slug over $way: lets every event go for a reason that the ledger bears out',
    async ({ slug, way }) => {
      const report = await runHost({ ...at(slug), way, count: 300, seed: 7 });
      expect(wordsOf(report)).toEqual([]);
      expect(Object.values(report.finalCounts).reduce((sum, count) => sum + count, 0)).toBe(300);
      expect(report.finalCounts.delivered).toBeGreaterThan(150);
      expect(report.faults).toBeGreaterThan(report.requests * 0.15);
      expect(report.poisonous).toBeGreaterThan(0);
      if (slug === 'adjust') expect(report.twice).toBe(0);
    },
    30_000,
  );

  it.each(runs)(
    '$slug over $way: the same over loopback',
    async ({ slug, way }) => {
      const report = await runHost({ ...at(slug), way, count: 100, seed: 8, loopback: true });
      expect(wordsOf(report)).toEqual([]);
      expect(report.finalCounts.delivered).toBeGreaterThan(50);
    },
    30_000,
  );
});

describe('the judge of such a host', () => {
  it('finds that a folder calls every answer a yes', async () => {
    const { account, destination } = at('rokt');
    const yes = { kind: 'accept' } as const;
    const gullible = {
      ...destination,
      response: {
        readReply: (_: unknown, batch: { readonly items: readonly unknown[] }) => batch.items.map(() => yes),
        classifyError: () => yes,
      },
    } as unknown as AnyDestination;
    const found = wordsOf(await runHost({ account, destination: gullible, way: 'deliver', count: 300, seed: 7 }));
    expect(found).toContainEqual(expect.stringContaining('delivered, and the vendor does not have it'));
  }, 30_000);

  it.each<Way>(['stream', 'deliver'])(
    'finds in a run over %s what is no longer in the ledger',
    async (way) => {
      const report = await runHost({
        ...at('adroll'),
        way,
        count: 200,
        seed: 7,
        before(hostLog, { ledger }) {
          const lost = ledger.entries.find(({ committed }) => committed)?.id;
          const left = ledger.entries.filter(({ id }) => id !== lost);
          (ledger.entries as unknown[]).splice(0, ledger.entries.length, ...left);
          expect(hostLog.count()).toBe(200);
        },
      });
      expect(wordsOf(report)).toEqual([expect.stringContaining('delivered, and the vendor does not have it')]);
    },
    30_000,
  );

  it('finds a replay at a vendor that counts every copy', async () => {
    const { account, destination } = at('adjust');
    const careless = { ...destination, manifest: { ...destination.manifest, replay: 'tolerated' } } as AnyDestination;
    const report = await runHost({ account, destination: careless, harmful: true, way: 'stream', count: 300, seed: 7 });
    expect(report.disagreements).toContainEqual(expect.stringContaining('times in the ledger, without excuse'));
  }, 30_000);
});
