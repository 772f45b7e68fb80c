import { expect, it } from '@jest/globals';
import {
  asText,
  fieldTable,
  hashed,
  listOf,
  payloadBuilder,
  personPaths,
  personRows,
  sha256,
  sharedPersonFields,
  type Cast,
  type CdpEvent,
} from '../../core/api/index.ts';

interface Person {
  em?: readonly string[];
  ln?: readonly string[];
  st?: readonly string[];
  id?: string;
}

const event = {
  type: 'identify',
  userId: ' u-1 ',
  traits: { email: 'Ann@Example.com', lastName: "O'Neil" },
} as CdpEvent;
const inLists = (cast: Cast<string>) => listOf(hashed(cast));

function filled(...rows: Parameters<typeof fieldTable<Person>>[0][]) {
  const out = payloadBuilder<Person>({}, {});
  fieldTable<Person>(rows.flat())(event, out);
  return out.value;
}

it('each field gets the part of the person that it wants, in the usual normal form and the vendor’s packing', () => {
  const digests = personRows<Person, readonly string[]>({ em: 'email', ln: 'lastName', st: 'state' }, inLists);
  expect(
    filled(
      digests,
      personRows<Person>({ id: 'externalId' }, (cast) => cast),
    ),
  ).toEqual({
    em: [sha256('ann@example.com')],
    ln: [sha256('oneil')],
    id: 'u-1',
  });
});

it('a vendor with a normal form of its own replaces the usual one', () => {
  const asLower: Cast<string> = (value) => asText(value)?.toLowerCase();
  const rows = personRows<Person, readonly string[]>({ ln: 'lastName' }, inLists, { casts: { lastName: asLower } });
  expect(filled(rows)).toEqual({ ln: [sha256("o'neil")] });
});

it('a field takes only what its type holds, and every part but address and browser has a normal form', () => {
  // @ts-expect-error -- `id` holds a text, not a list
  personRows<Person, readonly string[]>({ id: 'email' }, inLists);
  const parts = Object.keys(personPaths).filter((part) => part !== 'ip' && part !== 'userAgent');
  const casts: unknown[] = [];
  personRows<Record<string, string>>(Object.fromEntries(parts.map((part) => [part, part])) as never, (cast) => {
    casts.push(cast);
    return cast;
  });
  expect(casts).toEqual(parts.map(() => expect.any(Function)));
});

it('the shared names are those of Meta’s customer information parameters', () => {
  const names = ['em', 'ph', 'fn', 'ln', 'ge', 'db', 'ct', 'st', 'zp', 'country', 'external_id'];
  expect(Object.keys(sharedPersonFields)).toEqual(names);
  const rows = personRows<Record<string, readonly string[]>, readonly string[]>(sharedPersonFields, inLists);
  expect(rows.map(({ to, from }) => [to, from])).toEqual(
    names.map((name) => [name, personPaths[sharedPersonFields[name as keyof typeof sharedPersonFields]]]),
  );
});

it('F-56 a part that no form fits is noted where the folder says how, and left out silently otherwise', () => {
  const notesOf = (unusable?: string) => {
    const out = payloadBuilder<Person>({}, {});
    const rows = personRows<Person, readonly string[]>(
      { em: 'email' },
      inLists,
      unusable === undefined ? {} : { unusable },
    );
    fieldTable<Person>(rows)({ ...event, traits: { email: 'ann..b@example.com' } } as CdpEvent, out);
    return out.notes;
  };
  expect(notesOf()).toEqual([]);
  expect(notesOf('Not in a form that it takes')).toMatchObject([{ code: 'dropped', field: 'traits.email' }]);
});
