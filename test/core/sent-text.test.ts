import { describe, expect, it } from '@jest/globals';
import { decodeEntities, itemAtPosition, jsonList, memberNamed, wasSent, type Batch } from '../../core/api/index.ts';

const textsOf = (...texts: string[]): Batch<string> => ({
  items: texts.map((text, index) => ({
    index,
    eventId: '',
    payload: text,
    text,
    bytes: text.length,
  })) as unknown as Batch<string>['items'],
});

describe('which item a position in the sent text falls into', () => {
  const batch = textsOf('{"a":"é😀"}', '7', '{"b":1}');
  const frame = jsonList('events', { key: 'k' });
  const sent = `${frame.open}${batch.items.map(({ text }) => text).join(frame.separator)}${frame.close}`;

  it('the one that holds the character, and none for the frame', () => {
    for (let offset = 0; offset < sent.length; offset++) {
      const before = sent.slice(0, offset).length - frame.open.length;
      const [first, second] = [batch.items[0].text.length, 1];
      const expected =
        before < 0 || sent[offset] === undefined
          ? undefined
          : before < first
            ? 0
            : before === first + 1
              ? 1
              : before >= first + 1 + second + 1 && before < first + 1 + second + 1 + 7
                ? 2
                : undefined;
      expect([offset, itemAtPosition(batch, frame, offset, sent)]).toEqual([offset, expected]);
    }
  });

  it('F-11 none if it is beyond the text, no number, or the text is not the batch', () => {
    const { length } = frame.open;
    for (const offset of [-1, sent.length, 9_999, Number.NaN])
      expect(itemAtPosition(batch, frame, offset, sent)).toBeUndefined();
    expect(itemAtPosition(batch, frame, length, `${sent.slice(0, length)}x`)).toBeUndefined();
    expect(itemAtPosition(batch, frame, length, '')).toBeUndefined();
  });
});

it('ROKT-53 entities are decoded once, and what is none stays', () => {
  expect(decodeEntities('&lt;&amp;gt;&#38;&apos;&#x1F600;&#9999999;&nbsp;')).toBe("<&gt;&'\u{1f600}&#9999999;&nbsp;");
});

it('F-11 a part of a message was sent if the text has it, as JSON or with entities decoded', () => {
  const sent = JSON.stringify({ a: `Path '[0]["x"]'`, b: 'Path &#39;[1]&#39;' });
  expect(wasSent(`Path '[0]["x"]'`, sent)).toBe(true);
  expect(wasSent(`Path '[1]'`, sent)).toBe(true);
  expect(wasSent(`Path '[2]'`, sent)).toBe(false);
});

it('a reason names a member only if the payload has it', () => {
  const payload = { events: [{ data: { gift: 'jane', 'e-mail': 1 } }], 7: 1 };
  expect(memberNamed("[0].events[0].data['gift']", payload)).toBe('gift');
  expect(memberNamed('data["e-mail"]', payload)).toBe('e-mail');
  expect(memberNamed('events[0]', payload)).toBe('events');
  for (const path of ['[0].jane', 'constructor', '__proto__', '[7]', '', 'length'])
    expect(memberNamed(path, payload)).toBeUndefined();
});
