// Tests core/runtime/settled-hook.ts through deliver() and stream().
import { describe, expect, it } from '@jest/globals';
import type { Outcome } from '../../core/index.ts';
import { yes, type ScriptedReply } from '../support/runtime/scripted-vendor.ts';
import {
  acme,
  testConnection,
  defects,
  kinds,
  tracks,
  type TestConnection,
} from '../support/runtime/test-connection.ts';

const one = { limits: { maxItems: 1, maxBytes: 10_000, maxAgeMs: 1_000 } };
const sent = ({ vendor }: TestConnection): string[] => vendor.requests.flatMap(({ ids }) => [...ids]);
const codesOf = (outcomes: readonly Outcome[]) =>
  outcomes.map((outcome) => ('reason' in outcome ? outcome.reason.code : outcome.kind));
/** What a host writes down, and when that is on disk. */
function notebook() {
  const heard: [position: number, kind: string][] = [];
  let tell: ((kept: boolean) => void)[] = [];
  return {
    heard,
    settled: (position: number, { kind }: Outcome): Promise<boolean> | undefined => {
      heard.push([position, kind]);
      return kind === 'delivered' ? undefined : new Promise((resolve) => tell.push(resolve));
    },
    flush(kept: boolean): void {
      const waiting = tell;
      tell = [];
      for (const resolve of waiting) resolve(kept);
    },
  };
}

describe('deliver() with a host that writes outcomes down', () => {
  it('tells each outcome once, as it comes', async () => {
    const made: TestConnection = testConnection({
      destination: acme({}, one),
      script: async ({ ids: [id = ''] }) => {
        await made.clock.sleep(1_000 - 100 * Number(id.slice(1)));
        return id === 'e2' ? { status: 400 } : yes;
      },
    });
    const heard: [position: number, kind: string, at: number][] = [];
    const begun = made.clock.now();
    const outcomes = await made.deliver(tracks(4), {
      settled(position, { kind }) {
        heard.push([position, kind, made.clock.now() - begun]);
        return undefined;
      },
    });
    expect(heard).toEqual([
      [3, 'delivered', 700],
      [2, 'rejected', 800],
      [1, 'delivered', 900],
      [0, 'delivered', 1_000],
    ]);
    expect(kinds(outcomes)).toEqual(['delivered', 'delivered', 'rejected', 'delivered']);
  });

  it('holds a lane until what came of its event is on disk, and no other lane', async () => {
    const refused: ScriptedReply = { status: 400 };
    const made = testConnection({
      destination: acme({}, one),
      script: ({ ids: [id] }) => (id === 'e1' ? refused : yes),
    });
    const book = notebook();
    const events = tracks(6, (n) => ({ lane: n < 4 ? 'held' : `free ${n}` }));
    const outcomes = made.connection.deliver(events, { settled: book.settled });
    await made.clock.advance(20_000);
    expect(sent(made)).toEqual(['e0', 'e4', 'e5', 'e1']);
    book.flush(true);
    expect(kinds(await made.clock.run(outcomes))).toEqual([
      'delivered',
      'rejected',
      'delivered',
      'delivered',
      'delivered',
      'delivered',
    ]);
    expect(sent(made).slice(4)).toEqual(['e2', 'e3']);
  });

  it('gives back what waits in the lane when the host could not keep it', async () => {
    const made = testConnection({ destination: acme({}, one), script: () => ({ status: 400 }) });
    const book = notebook();
    const outcomes = made.connection.deliver(
      tracks(3, () => ({ lane: 'l' })),
      { settled: book.settled },
    );
    await made.clock.settle();
    book.flush(false);
    expect(codesOf(await made.clock.run(outcomes))).toEqual(['vendor_rejected', 'held_back', 'held_back']);
    expect(sent(made)).toEqual(['e0']);
  });

  it.each([
    [
      'throws',
      (): never => {
        throw new Error('no disk');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no disk'))],
  ])('takes a host that %s for one that could not keep it, and says so', async (_, settled) => {
    const made = testConnection({ destination: acme({}, one), script: () => ({ status: 400 }) });
    const outcomes = await made.deliver(
      tracks(2, () => ({ lane: 'l' })),
      { settled },
    );
    expect(codesOf(outcomes)).toEqual(['vendor_rejected', 'held_back']);
    expect(defects(made.signals)).toEqual(['settled', 'settled']);
  });

  it('holds a lane between the halves of a request that was too large', async () => {
    const limits = { maxItems: 4, maxBytes: 10_000, maxAgeMs: 1_000 };
    const made = testConnection({
      destination: acme({}, { limits }),
      script: ({ ids }) => (ids.length > 2 ? { status: 413 } : ids.includes('e0') ? { status: 400 } : yes),
    });
    const book = notebook();
    const outcomes = made.connection.deliver(
      tracks(4, () => ({ lane: 'l' })),
      { settled: book.settled },
    );
    await made.clock.advance(20_000);
    expect(made.vendor.requests.map(({ ids }) => ids.length)).toEqual([4, 2, 1]);
    book.flush(true);
    expect(kinds(await made.clock.run(outcomes))).toEqual(['rejected', 'delivered', 'delivered', 'delivered']);
    expect(made.vendor.requests.map(({ ids }) => ids.join(' ')).slice(2)).toEqual(['e0', 'e1', 'e2 e3']);
  });

  it('ends when it is stopped, though the host never says whether it kept something', async () => {
    const made = testConnection({ destination: acme({}, one), script: () => ({ status: 400 }) });
    const stop = new AbortController();
    const outcomes = made.connection.deliver(
      tracks(3, () => ({ lane: 'l' })),
      { settled: () => new Promise(() => undefined), signal: stop.signal },
    );
    await made.clock.settle();
    stop.abort();
    expect(codesOf(await made.clock.run(outcomes))).toEqual(['vendor_rejected', 'held_back', 'held_back']);
  });
});
