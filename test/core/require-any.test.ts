import { expect, it } from '@jest/globals';
import { payloadBuilder, requireAny } from '../../core/api/index.ts';

const requireKey = requireAny(['click_id', 'user.email', ['user.ip', 'user.agent']], 'Acme needs a match key');

it.each<[object, boolean]>([
  [{ click_id: 'c' }, true],
  [{ user: { email: 'e' } }, true],
  [{ user: { ip: 'i', agent: 'a' } }, true],
  [{ user: { ip: 'i' } }, false],
  [{ user: { agent: 'a' } }, false],
  [{ user: { email: null } }, false],
  [{ user: null }, false],
  [{ other: 1 }, false],
  [{}, false],
])('of %j it finds one: %s', (payload, found) => {
  const out = payloadBuilder<object>({}, payload);
  expect(requireKey(out)).toBe(found);
  expect(out.payload()).toMatchObject(
    found
      ? { kind: 'payload', payload }
      : { kind: 'rejected', reason: { code: 'missing_identifier', message: 'Acme needs a match key' } },
  );
});

it.each([[[]], [[[]]]])('%j names no field, and would refuse or pass every event', (fields) => {
  expect(() => requireAny(fields, 'x')).toThrow('requireAny(): names no field');
});
