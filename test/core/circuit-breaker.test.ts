import { expect, it } from '@jest/globals';
import { createCircuitBreaker } from '../../core/policy/circuit-breaker.ts';
import { wholeWaits } from '../support/runtime/whole-waits.ts';

const backoff = { baseMs: 1_000, capMs: 4_000 };

it('a breaker probes ever more rarely, also when it opens again half-open, until it closes', () => {
  const breaker = createCircuitBreaker(backoff, wholeWaits);
  expect([breaker.state(), breaker.probeAt(), breaker.waitMs()]).toEqual(['closed', undefined, 0]);
  breaker.open(10_000);
  expect([breaker.state(), breaker.probeAt()]).toEqual(['open', 11_000]);
  breaker.open(11_000);
  expect(breaker.probeAt()).toBe(13_000);
  breaker.halfOpen();
  expect([breaker.state(), breaker.probeAt(), breaker.waitMs()]).toEqual(['half-open', undefined, 2_000]);
  breaker.open(13_000);
  breaker.open(17_000);
  expect(breaker.probeAt()).toBe(21_000);
  breaker.close();
  breaker.halfOpen();
  expect([breaker.state(), breaker.waitMs()]).toEqual(['closed', 0]);
  breaker.open(30_000);
  expect(breaker.probeAt()).toBe(31_000);
});

it('a breaker probes no earlier than the vendor asked for', () => {
  const breaker = createCircuitBreaker(backoff, wholeWaits);
  breaker.open(0, 60_000);
  expect([breaker.probeAt(), breaker.waitMs()]).toEqual([60_000, 1_000]);
});

it('breakers that open together probe at different times, each after half its wait at least', () => {
  const probes = [0, 0.5, 0.99].map((chance) => {
    const breaker = createCircuitBreaker(backoff, () => chance);
    breaker.open(0);
    breaker.open(0);
    return breaker.probeAt();
  });
  expect(probes).toEqual([1_000, 1_500, 1_990]);
});
