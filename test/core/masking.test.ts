// Tests core/http/redact.ts and core/http/masking: what spelling hides, such as JSON in JSON, entities, another case or
// a value cut short; what stays readable all the same; and the texts that a folder hands over.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { accept, errorTable, decide, type Batch, type RetryDecision } from '../../core/index.ts';
import { createRedactor } from '../../core/http/redact.ts';
import { acme, testConnection, track, tracks, type Item } from '../support/runtime/test-connection.ts';

const secret = 'sk_live_0A1b2C3d4E5f';
const person = {
  email: 'anna.muster+x@example.com',
  name: "Renée O'Hara",
  street: 'Straße 5 / Hof',
  note: '50% off "now" \\ a+b',
  attributes: '{"inner":"Geheim-Wert 77"}',
};
const redactor = createRedactor([secret]);
const detail = (said: string, ...payloads: unknown[]): string | undefined => redactor.about(payloads).detail(said);

const units = (text: string, write: (unit: number) => string): string =>
  Array.from({ length: text.length }, (_, i) => write(text.charCodeAt(i))).join('');
const hex = (code: number, width: number): string => code.toString(16).padStart(width, '0');

const spellings: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => text,
  'JSON with \\/': (text) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
  'JSON in ASCII': (text) => units(text, (unit) => `\\u${hex(unit, 4)}`),
  'JSON in JSON': (text) => JSON.stringify(JSON.stringify(text).slice(1, -1)).slice(1, -1),
  'HTML, named': (text) =>
    text.replace(
      /[&"'@/éß]/g,
      (sign) =>
        `&${{ '&': 'amp', '"': 'quot', "'": 'apos', '@': 'commat', '/': 'sol', é: 'eacute' }[sign] ?? 'szlig'};`,
    ),
  'HTML, decimal': (text) => units(text, (unit) => `&#${unit};`),
  'HTML, hexadecimal': (text) => units(text, (unit) => `&#x${hex(unit, 2)};`),
  'percent-encoding': encodeURIComponent,
  'percent-encoding twice': (text) => encodeURIComponent(encodeURIComponent(text)),
  'a form': (text) => new URLSearchParams({ '': text }).toString().slice(1),
  'percent-encoded Latin-1': (text) => text.replace(/[^\w]/g, (sign) => `%${hex(sign.charCodeAt(0), 2)}`),
  NFD: (text) => text.normalize('NFD'),
  'UTF-8 taken for Latin-1': (text) => Buffer.from(text).toString('latin1'),
  'HTML, with zeros before': (text) => units(text, (unit) => `&#${String(unit).padStart(9, '0')};`),
  'ASCII alone, ? for all else': (text) => text.replace(/[^ -~]/g, '?'),
  'ASCII alone, ? for each byte': (text) => text.replace(/[^ -~]/g, '??'),
  'ASCII alone': (text) => text.replace(/[^ -~]/g, ''),
  'curly quotes': (text) => text.replaceAll('"', '”').replaceAll("'", '’'),
  hexadecimal: (text) => `0x${Buffer.from(text).toString('hex')}`,
  'two texts': (text) => `${text.slice(0, 6)}" , "${text.slice(6)}`,
  'HTML with a tag in it': (text) => `${text.slice(0, 5)}<wbr />${text.slice(5)}`,
  Base64: (text) => Buffer.from(`user:${text}`).toString('base64'),
};

/** Those that leave a text to write in another one. */
const inTurn = Object.entries(spellings).flatMap(([name, spell]) =>
  /ASCII alone|hexadecimal|two texts|tag|Latin-1$|Base64/.test(name) ? [] : [spell],
);

describe('F-03 what a vendor says is shown without credentials and values, spelled as', () => {
  const known = [secret, person.email, person.name, person.street, person.note, 'Geheim-Wert 77'];
  it.each(Object.entries(spellings))('%s', (_, spell) => {
    for (const value of known) {
      expect(detail(`Invalid value ${spell(value)} for it`, person)).toMatch(/^Invalid value \*{3}=* for it$/);
      expect(detail(`{"error":"${spell(value)}"}`, person)).toMatch(/^\{"error":"\*{3}=*"\}$/);
    }
  });

  it('any of these, one in the other', () => {
    const chain = fc.array(fc.constantFrom(...inTurn), { maxLength: 3 });
    fc.assert(
      fc.property(chain, fc.constantFrom(...known), (steps, value) => {
        const echo = steps.reduce((text, spell) => spell(text), value);
        // Of a long one, the mask may reach into the tag.
        expect(detail(`<p>${echo}</p>`, person)?.replace(/^<(?:p>)?|(?:<\/p)?>$/g, '')).toMatch(/^[*="'\s]+$/);
      }),
    );
  });
});

describe('F-03 a value that is not there whole', () => {
  it('is masked to where the vendor cut it', () => {
    expect(detail('Invalid value anna.muster+x@exa', person)).toBe('Invalid value ***');
    expect(detail('Invalid value "Renée…" for name', person)).toBe('Invalid value "***…" for name');
    expect(detail('Invalid value Renée O... for name', person)).toBe('Invalid value ***... for name');
    const hers = { name: 'Anna Maria Mustermann' };
    expect(detail('Anna Maria may say more', hers)).toBe('*** may say more');
    expect(detail('Anna Maria Muster; Anna Marianne', hers)).toBe('***; Anna Marianne');
  });

  it('is masked where we stopped reading, however long it is', () => {
    const long = `Diary of Anna ${'x'.repeat(6_000)}`;
    expect(detail(`Too long: ${long}`, { long })).toBe('Too long: ***');
    const cut = redactor.about([{ name: 'Annabelle' }]);
    expect(cut.detail('The name is An', true)).not.toMatch(/An/);
  });

  it('is masked from eight characters on where it is a credential', () => {
    expect(detail(`key ${secret.slice(0, 8)} is revoked`)).toBe('key *** is revoked');
    expect(detail(`key ${secret.slice(0, 14)}xyz is revoked`)).toBe('key ***xyz is revoked');
    expect(detail('key sk_live is revoked')).toBe('key sk_live is revoked');
  });
});

describe('F-03 what a vendor says stays readable', () => {
  it('in its own error code and status, though a value of the event is the same', () => {
    const said = '{"code":2,"status":"400","error_code":2,"quantity":2}';
    expect(detail(said, { amount: 2, total: 400 })).toBe('{"code":2,"status":"400","error_code":2,"quantity":***}');
    expect(detail('{"code":"12345"}', { address: { code: '12345' } })).toBe('{"code":"***"}');
    expect(detail('{"Code":"12345"}', { address: { code: '12345' } })).toBe('{"Code":"***"}');
    expect(detail('{"code":1234567}', { id: 1_234_567 })).toBe('{"code":***}');
  });

  it('in names of fields that were sent', () => {
    expect(detail('event_name is no email', { event_name: 'event', kind: 'email', email: 'x@y.example' })).toBe(
      'event_name is no email',
    );
  });

  it('in messages that it documents', () => {
    const folder = createRedactor(() => ({ secrets: ['invalid'], documented: [/^Bad event state/i] }));
    const payload = { type: 'event', note: 'Bad event', land: 'state' };
    expect(folder.about([payload]).detail('{"error":"failed (Bad event state)"} event')).toBe(
      '{"error":"failed (Bad event state)"} ***',
    );
    expect(folder.about([payload]).detail('invalid')).toBe('***');
  });

  it('where a short value of the event is only a part of it', () => {
    expect(detail('a male in the US; sex=m, land: "US"', { sex: 'm', land: 'US' })).toBe(
      'a male in the US; sex=***, land: "***"',
    );
  });

  it('where a word only begins like a value', () => {
    expect(detail('unsubscribers must be a list', { name: 'Unsubscribed' })).toBe('unsubscribers must be a list');
  });
});

describe('F-03 what is not read as it was written is not shown', () => {
  it.each([
    ['NUL', 'a\u0000n\u0000n\u0000a\u0000'],
    ['letters that were no UTF-8', 'Ren\ufffde is wrong'],
  ])('%s', (_, said) => {
    expect(detail(said, person)).toBeUndefined();
  });

  it.each(['text/html; charset=ISO-8859-1', 'application/json;charset="utf-16"'])('%s', async (type) => {
    const answer = { status: 400, headers: { 'content-type': type }, body: 'no' };
    const { deliver } = testConnection({ script: () => answer });
    const [outcome] = await deliver([track('e1')]);
    expect(outcome).toMatchObject({ kind: 'rejected' });
    expect(JSON.stringify(outcome)).not.toContain('detail');
  });
});

describe('F-03 texts that a folder hands over', () => {
  const name = 'Annabelle Muster';
  const judging = (decisionFor: (item: Item, index: number) => RetryDecision) =>
    acme({
      transform: (event) => ({ kind: 'payload', payload: { id: event.messageId ?? '', pad: name } }),
      response: {
        ...errorTable(),
        readReply: (_exchange: unknown, batch: Batch<Item>) =>
          batch.items.map(({ payload }, i) => decisionFor(payload, i)),
      },
    });
  const told = async (decisionFor: (item: Item, index: number) => RetryDecision, count = 2) => {
    const { deliver, signals } = testConnection({
      destination: judging(decisionFor),
      script: () => ({ status: 200, body: { said: `id-e0 id-e1 ${name}` } }),
    });
    return { outcomes: await deliver(tracks(count)), signals };
  };

  it('as what the vendor said of each event of a batch are masked against all of the batch', async () => {
    const said = (_: Item, n: number) =>
      decide('reject', 'vendor_rejected', 'No', { vendorMessage: `${n}: ${name.toUpperCase()} is odd` });
    const { outcomes } = await told(said);
    expect(outcomes).toMatchObject([
      { kind: 'rejected', reason: { message: 'No', detail: '0: *** is odd' } },
      { kind: 'rejected', reason: { message: 'No', detail: '1: *** is odd' } },
    ]);
    expect(JSON.stringify(outcomes)).not.toContain('said');
  });

  it('as a detail, a message, a field or anything else of a reason are masked, or left out', async () => {
    const reason = {
      code: 'vendor_rejected',
      message: `No: ${name}`,
      field: `x.${name}`,
      detail: `Odd: ${name}`,
      raw: name,
    };
    const { outcomes } = await told(() => ({ kind: 'reject', reason }) as never);
    expect(JSON.stringify(outcomes)).not.toMatch(/Annabelle|Muster/);
    expect(outcomes[0]).toMatchObject({ reason: { message: 'No: ***', detail: 'Odd: ***' } });
  });

  it('as a note are masked', async () => {
    const { outcomes } = await told(() => accept(`Already had ${name}`));
    expect(outcomes[0]).toMatchObject({ kind: 'delivered', note: 'Already had ***' });
  });

  it('before anything left are masked', async () => {
    const notes = [
      { code: 'dropped', field: 'properties.pad', message: `Dropped ${name}` },
      { code: 'dropped', field: `properties.${name}`, payloadField: `pads.${name}`, message: 'Dropped' },
    ] as const;
    const noting = acme({ transform: () => ({ kind: 'payload', payload: { id: 'x' }, notes }) });
    const { deliver, signals } = testConnection({ destination: noting });
    expect(JSON.stringify([await deliver([track('e1', { pad: name })]), signals])).not.toMatch(/Annabelle/);
    const refusing = acme({
      transform: () => ({ kind: 'rejected', reason: { code: 'invalid_value', message: `No ${name}` } }),
    });
    const [outcome] = await testConnection({ destination: refusing }).deliver([track('e1', { pad: name })]);
    expect(outcome).toMatchObject({ kind: 'rejected', reason: { message: 'No ***' } });
  });

  it('keep the words of a constant sentence, though an event has one of them', async () => {
    const { outcomes } = await told(() => decide('reject', 'vendor_rejected', 'Acme refused the event'), 1);
    expect(outcomes[0]).toMatchObject({ reason: { message: 'Acme refused the event' } });
  });
});
