import { describe, expect, it } from '@jest/globals';
import { isObject, matchSuccess, type JsonValue, type SuccessForm } from '../../core/api/index.ts';
import { knownAnswer } from '../../core/api/answers/known-answers.ts';

const exchangeOf = (body: string) => ({
  request: { method: 'POST', url: 'https://api.acme.example/events', headers: {} } as const,
  response: { status: 200, headers: {}, body, receivedAt: 0 },
});

describe('what is known of an answer', () => {
  it('is read once for a short answer', () => {
    expect(knownAnswer('{"status":"ok"}')).toBe(knownAnswer('{"status":"ok"}'));
    expect(knownAnswer('{"status":"ok"}')).toStrictEqual({ json: { status: 'ok' }, refusal: undefined });
  });

  it('is read each time for a long one, which would take memory', () => {
    const long = JSON.stringify({ status: 'ok', text: 'x'.repeat(300) });
    expect(knownAnswer(long)).not.toBe(knownAnswer(long));
  });

  it('stays right when more answers came than are remembered', () => {
    for (let i = 0; i < 200; i++) knownAnswer(`{"id":${i}}`);
    for (let i = 0; i < 200; i++) expect(knownAnswer(`{"id":${i}}`).json).toStrictEqual({ id: i });
    expect(knownAnswer('{"id":7}')).not.toBe(knownAnswer('{"id":7,"id":7}'));
    expect(knownAnswer('{"id":7,"id":7}').json).toBeUndefined();
  });

  it('says a refusal every time', () => {
    for (let i = 0; i < 3; i++) {
      expect(knownAnswer('{"error":{"code":503}}').refusal).toStrictEqual({ status: 503, partial: false });
      expect(knownAnswer('{"success":false}').refusal).toStrictEqual({ partial: false });
    }
  });

  it('does not change by what a form of success does with it', () => {
    const emptied = (answer: JsonValue): boolean => {
      if (!isObject(answer)) return false;
      const list = answer['taken'] as JsonValue[];
      return list.splice(0).length === 1;
    };
    const forms: SuccessForm[] = [{ body: emptied }];
    expect(() => matchSuccess(forms, exchangeOf('{"taken":[1]}'))).toThrow(TypeError);
    expect(knownAnswer('{"taken":[1]}').json).toStrictEqual({ taken: [1] });
    const long = JSON.stringify({ taken: [1], text: 'x'.repeat(300) });
    expect(() => matchSuccess(forms, exchangeOf(long))).toThrow(TypeError);
  });
});
