import { describe, expect, it } from '@jest/globals';
import {
  accept,
  asText,
  clickIdOf,
  decide,
  defineDestination,
  e164,
  emailWithout,
  errorTable,
  eventChoice,
  eventTable,
  fieldTable,
  flatTexts,
  hashed,
  indexTable,
  jsonText,
  operation,
  personRows,
  productTable,
  propertySelector,
  scalarText,
  scalarValue,
  textList,
  wholeObject,
  wholeValue,
  z,
} from '../../core/api/index.ts';
import { acme } from '../support/runtime/test-connection.ts';

/** What a folder in JavaScript may write. */
const untyped = (value: unknown): never => value as never;

const refused = decide('reject', 'vendor_rejected', 'Acme refuses it');
const row = { status: 403, means: refused };
const field = { to: 'email', from: 'properties.email', as: asText };
const defined = (parts: object) => defineDestination(untyped({ ...acme(), ...parts }));
const request = () => ({ method: 'GET', url: 'https://acme.example' });
const called = {
  summary: 'Lists',
  method: 'GET',
  path: '/v1/list',
  reply: z.unknown(),
  errors: [],
  idempotent: true,
};

describe('a word that no table knows stops a folder from loading', () => {
  it.each<[string, () => unknown, string]>([
    [
      'in a row of errors, which would match every 403',
      () => errorTable(untyped({ rows: [row, { ...row, say: /scope/ }] })),
      'errorTable(): rows[1]: no member "say"; do you mean "says"?',
    ],
    ['in its options', () => errorTable(untyped({ row: [] })), 'errorTable(): no member "row"; do you mean "rows"?'],
    [
      'in a row of fields, which would lose its note',
      () => fieldTable(untyped([field, { ...field, recomended: 'Acme asks for it' }])),
      'fieldTable(): rows[1] (email): no member "recomended"; do you mean "recommended"?',
    ],
    [
      'in the options of fields',
      () => fieldTable(untyped([field]), untyped({ unuseable: 'No' })),
      'fieldTable(): the options: no member "unuseable"; do you mean "unusable"?',
    ],
    [
      'in the limit of a field',
      () => fieldTable(untyped([{ ...field, longest: { lenght: 5, message: 'cut' } }])),
      'fieldTable(): rows[0] (email).longest: no member "lenght"; do you mean "length"?',
    ],
    [
      'in an event table',
      () => eventTable(untyped({ tracks: [] })),
      'eventTable(): no member "tracks"; do you mean "track"?',
    ],
    [
      'in a choice of events',
      () => eventChoice(untyped({ vendor: 'Acme', otherPage: 'view' })),
      'eventChoice(): no member "otherPage"; do you mean "otherPages"?',
    ],
    [
      'in a table of products',
      () => productTable(untyped([]), untyped({ idTo: 'id', withoutIds: 'No' })),
      'productTable(): no member "withoutIds"; do you mean "withoutId"?',
    ],
    [
      'in a selector',
      () => propertySelector('all', untyped({ vendor: 'Acme', as: scalarValue({ vendor: 'Acme' }), longestNames: 5 })),
      'propertySelector(): no member "longestNames"; do you mean "longestName"?',
    ],
    [
      'in the sources of a click id',
      () => clickIdOf(untyped({ parameter: 'gclid', path: [] })),
      'clickIdOf(): no member "path"; do you mean "paths"?',
    ],
    [
      'in a row of indexes',
      () => indexTable(untyped({ rows: [{ status: 207, at: 'failed', mean: refused }] })),
      'indexTable(): rows[0]: no member "mean"; do you mean "means"?',
    ],
    [
      'in its options',
      () => indexTable(untyped({ rows: [], other: refused })),
      'indexTable(): no member "other"; do you mean "others"?',
    ],
    [
      'in a converter of scalars',
      () => scalarValue(untyped({ vendor: 'Acme', longst: 5 })),
      'scalarValue(): no member "longst"; do you mean "longest"?',
    ],
    ['in one of texts', () => scalarText(untyped({ vendor: 'Acme', neste: 5 })), 'scalarText(): no member "neste"'],
    ['in one of JSON texts', () => jsonText(untyped({ vendor: 'Acme', most: 5 })), 'jsonText(): no member "most"'],
    [
      'in one of dotted names',
      () => flatTexts(untyped({ vendor: 'Acme', depth: 2, toDeep: 'x' })),
      'flatTexts(): no member "toDeep"; do you mean "tooDeep"?',
    ],
    [
      'in one of lists',
      () => textList(untyped({ vendor: 'Acme', most: 2, otherwize: 'x' })),
      'textList(): no member "otherwize"; do you mean "otherwise"?',
    ],
    [
      'in the bounds of a whole object',
      () => wholeObject(untyped({ vendor: 'Acme', mostMember: 255 })),
      'wholeObject(): no member "mostMember"; do you mean "mostMembers"?',
    ],
    [
      'in those of a value',
      () => wholeValue(untyped({ vendor: 'Acme', dept: 3 })),
      'wholeValue(): no member "dept"; do you mean "depth"?',
    ],
    [
      'in the rows of a person',
      () => personRows({}, hashed, untyped({ cast: {} })),
      'personRows(): the options: no member "cast"; do you mean "casts"?',
    ],
    [
      'in the forms of a person',
      () => personRows({}, hashed, { casts: untyped({ phoneNumber: asText }) }),
      'personRows(): casts: no member "phoneNumber"',
    ],
    [
      'in the parts of a person',
      () => personRows(untyped({ em: 'emal' }), hashed),
      'personRows(): no part "emal" of a person; do you mean "email"?',
    ],
    [
      'in its counts',
      () => indexTable(untyped({ rows: [], counts: { acepted: 'n' } })),
      'indexTable(): counts: no member "acepted"; do you mean "accepted"?',
    ],
    ['in a form of numbers', () => e164(untyped({ country: '1' })), 'e164(): no member "country"'],
    ['in a form of addresses', () => emailWithout(untyped({ tag: 'gmail' })), 'do you mean "tags"?'],
    [
      'in a definition',
      () => defined({ limitFor: () => ({}) }),
      'defineDestination(): no member "limitFor"; do you mean "limitsFor"?',
    ],
    [
      'in a response',
      () => defined({ response: { ...errorTable(), sucess: [] } }),
      'defineDestination(): response: no member "sucess"; do you mean "success"?',
    ],
    [
      'in a form of success',
      () => defined({ response: { ...errorTable(), success: [{ body: 'empty', mean: accept }] } }),
      'defineDestination(): response.success[0]: no member "mean"; do you mean "means"?',
    ],
    [
      'in the counts of one',
      () => defined({ response: { ...errorTable(), success: [{ body: 'empty', counts: { acepted: 'n' } }] } }),
      'response.success[0].counts: no member "acepted"; do you mean "accepted"?',
    ],
    [
      'in a credential check',
      () => defined({ check: { request, proves: 'The token', ok: [200], refuse: [401] } }),
      'defineDestination(): check: no member "refuse"; do you mean "refused"?',
    ],
    [
      'in a form of its success',
      () => defined({ check: { request, proves: 'x', ok: [200], refused: [401], success: [{ bodys: 'empty' }] } }),
      'defineDestination(): check.success[0]: no member "bodys"; do you mean "body"?',
    ],
    [
      'beside why there is no credential check',
      () => defined({ check: { none: 'Acme has none', ok: [200] } }),
      'defineDestination(): check: no member "ok"',
    ],
    [
      'in an operation',
      () => operation(untyped({ ...called, idempotend: true })),
      'operation(): no member "idempotend"; do you mean "idempotent"?',
    ],
    [
      'in the errors of an operation',
      () => operation(untyped({ ...called, errors: [{ ...row, say: /x/ }] })),
      'operation(): errors[0]: no member "say"; do you mean "says"?',
    ],
  ])('%s', (_, load, message) => {
    expect(load).toThrow(TypeError);
    expect(load).toThrow(message);
  });
});

describe('what a table needs and does not have stops a folder from loading', () => {
  it.each<[string, () => unknown, string]>([
    ['a meaning', () => errorTable(untyped({ rows: [{ status: 403 }] })), 'errorTable(): rows[0]: means is missing'],
    ['a status', () => errorTable(untyped({ rows: [{ means: refused }] })), 'rows[0]: status is missing'],
    ['a row', () => errorTable(untyped({ rows: [undefined] })), 'errorTable(): rows[0]: must be an object'],
    ['a row of fields', () => fieldTable(untyped([null])), 'fieldTable(): rows[0]: must be an object'],
    ['a path', () => fieldTable(untyped([{ to: 'email', as: asText }])), 'rows[0] (email): from is missing'],
    ['a cast', () => fieldTable(untyped([{ ...field, as: undefined }])), '(email): needs a function: `as`, or `read`'],
    [
      'a cast that is one',
      () => fieldTable(untyped([{ ...field, as: 'text' }])),
      '(email): needs a function: `as`, or `read`',
    ],
    ['a vendor', () => wholeObject(untyped({ depth: 3 })), 'wholeObject(): vendor is missing'],
    ['a depth', () => flatTexts(untyped({ vendor: 'Acme' })), 'flatTexts(): depth is missing'],
    ['a body', () => defined({ response: { ...errorTable(), success: [{ status: 200 }] } }), 'body is missing'],
    ['a sentence', () => defined({ check: { request, ok: [], refused: [] } }), 'check: proves is missing'],
  ])('%s', (_, load, message) => {
    expect(load).toThrow(TypeError);
    expect(load).toThrow(message);
  });
});

it('a definition may be made of another one', () => {
  expect(defineDestination({ ...acme() })).toEqual(acme());
});
