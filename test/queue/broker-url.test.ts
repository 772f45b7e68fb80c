// Tests core/queue/jetstream/broker-url.ts.
import { describe, expect, test } from '@jest/globals';
import { BrokerRefused, isBrokerUrl, shownUrl } from '../../core/queue/jetstream/index.ts';
import { parseBrokerUrl } from '../../core/queue/jetstream/broker-url.ts';

const refusalOf = (url: string): BrokerRefused => {
  try {
    parseBrokerUrl(url);
  } catch (error) {
    if (error instanceof BrokerRefused) return error;
    throw error;
  }
  throw new Error(`${url} was taken`);
};

describe('The URL of a broker', () => {
  test.each([
    ['nats://broker', { servers: ['broker:4222'], tls: false, stream: 'spillway' }],
    ['nats://broker/', { servers: ['broker:4222'] }],
    ['nats://127.0.0.1:1234/?stream=Shop_1-eu', { servers: ['127.0.0.1:1234'], stream: 'Shop_1-eu' }],
    ['tls://a.example,b.example:4223,[::1],[fe80::1]:99', { tls: true }],
    [
      'tls://a.example,b.example:4223,[::1],[fe80::1]:99',
      { servers: ['a.example:4222', 'b.example:4223', '[::1]:4222', '[fe80::1]:99'] },
    ],
    ['nats://b?lanes=1024&replicas=3&stream=s', { stream: 's', lanes: 1_024, replicas: 3 }],
    ['nats://b', { lanes: undefined, replicas: undefined }],
  ])('%s names hosts and a stream', (url, expected) => {
    expect(parseBrokerUrl(url)).toMatchObject(expected);
    expect(isBrokerUrl(url)).toBe(true);
  });

  test.each([
    ['nats://t%2F0ken@b', { token: 't/0ken' }],
    ['nats://ann:@b', { user: 'ann', password: '' }],
    ['nats://ann:secret@b', { user: 'ann', password: 'secret' }],
    ['nats://ann:a:b@b', { user: 'ann', password: 'a:b' }],
    ['nats://a%40x:%2F%40%25%3A%3F%23@b?stream=s', { user: 'a@x', password: '/@%:?#' }],
    ['nats://ann:what?#now@b?stream=s', { user: 'ann', password: 'what?#now', stream: 's' }],
    ['nats://ann:100%@b', { user: 'ann', password: '100%' }],
    ['nats://ann:gr%C3%BC%C3%9Fe@b', { user: 'ann', password: 'grüße' }],
  ])('%s has a user or a token, encoded as in any URL', (url, expected) => {
    expect(parseBrokerUrl(url)).toMatchObject(expected);
    expect(shownUrl(url)).toMatch(/^nats:\/\/b(?:\?stream=s)?$/);
  });

  test.each([
    'nats://ann:se/cr@et@b',
    'nats://ann:se/cret@b',
    'nats://ann:se@cret@b:4222?stream=s',
    'nats://ann:se/?cret=1@b',
    'nats://ann:12/?secret=1@b',
    'nats://ann:12?x/secret@b',
    'nats://ann:12/#secret@b?stream=s',
  ])('%s is refused, with how a password is encoded and without a part of it', (url) => {
    const { code, message } = refusalOf(url);
    expect([code, message]).toEqual(['settings', expect.stringMatching(/^nats:\/\/b\S* names no broker: .*%2F.*%40/)]);
    expect(message).not.toMatch(/ann|12|se\/|cret/);
  });

  test.each([
    ['nats://', 'it is no URL of that form'],
    ['nats://b/path', 'it is no URL of that form'],
    ['nats://b?stream=s#top', 'it is no URL of that form'],
    ['nats://b,', 'between commas there has to be a host'],
    ['nats://a b', '"a b" is no host'],
    ['nats://b:0', '"b:0" is no host'],
    ['nats://b:65536', '"b:65536" is no host'],
    ['nats://b:port', '"b:port" is no host'],
    ['nats://fe80::1', '"fe80::1" is no host'],
    ['nats://b?steam=s', 'steam is unknown; expected stream, lanes, replicas'],
    ['nats://b?stream=a&stream=b', 'stream is there twice'],
    ['nats://b?stream=', 'stream takes 1 to 32 of A-Z, a-z, 0-9, _ and -'],
    ['nats://b?stream=a.b', 'stream takes 1 to 32 of'],
    ['nats://b?stream=shop-dead', 'a stream with -dead has the dead letters of another one'],
    [`nats://b?stream=${'s'.repeat(33)}`, 'stream takes 1 to 32 of'],
    ['nats://b?lanes=0', 'lanes takes 1 to 1024'],
    ['nats://b?lanes=1025', 'lanes takes 1 to 1024'],
    ['nats://b?lanes=1e2', 'lanes takes 1 to 1024'],
    ['nats://b?lanes=', 'lanes takes 1 to 1024'],
    ['nats://b?replicas=6', 'replicas takes 1 to 5'],
  ])('%s is refused: %s', (url, why) => {
    expect(refusalOf(url)).toMatchObject({
      code: 'settings',
      message: expect.stringContaining(`names no broker: ${why}`),
    });
  });

  test.each(['queue', './nats://b', 'http://b', 'nats:b', ''])('%j is none', (text) => {
    expect(isBrokerUrl(text)).toBe(false);
    expect(refusalOf(text).code).toBe('settings');
  });
});
