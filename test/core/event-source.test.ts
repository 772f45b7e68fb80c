import { describe, expect, it } from '@jest/globals';
import { sourceOf, type CdpEvent } from '../../core/api/index.ts';

const rudderBrowser = { name: 'RudderLabs JavaScript SDK', namespace: 'com.rudderlabs.javascript' };
const page = { url: 'https://shop.example/' };
const phone = { type: 'ios', id: 'x' };
const library = (name: string): object => ({ library: { name } });

describe('where an event happened', () => {
  it.each<[string, object, string | undefined, string | undefined]>([
    ["RudderStack's browser SDK", { channel: 'web', context: { app: rudderBrowser, page } }, 'web', 'channel'],
    ['the same without its channel', { context: { app: rudderBrowser } }, undefined, undefined],
    ["RudderStack's phone SDK", { channel: 'mobile', context: { device: phone } }, 'app', 'channel'],
    ['F-58 a channel with an invisible end', { channel: ' Web\u200B' }, 'web', 'channel'],
    ['a channel in the context', { context: { channel: 'Mobile' } }, 'app', 'context.channel'],
    ["a server that passes its website's event on", { channel: 'server', context: { page } }, 'web', 'context.page'],
    [
      "a server that passes its app's event on",
      { channel: 'server', context: { device: phone } },
      'app',
      'context.device',
    ],
    ['a server alone', { channel: 'server', context: {} }, 'server', 'channel'],
    ['analytics.js', { context: library('analytics.js') }, 'web', 'context.library.name'],
    ['analytics-next', { context: library('analytics-next') }, 'web', 'context.library.name'],
    ['RudderLabs JavaScript SDK', { context: library('RudderLabs JavaScript SDK') }, 'web', 'context.library.name'],
    ['analytics-ios', { context: library('analytics-ios') }, 'app', 'context.library.name'],
    ['analytics-react-native', { context: library('analytics-react-native') }, 'app', 'context.library.name'],
    [
      'com.rudderstack.android',
      { context: library('com.rudderstack.android.sdk.core') },
      'app',
      'context.library.name',
    ],
    ['analytics-java', { context: library('analytics-java') }, 'server', 'context.library.name'],
    ['analytics-node for a website', { context: { ...library('analytics-node'), page } }, 'web', 'context.page'],
    ['an unknown library', { context: library('acme') }, undefined, undefined],
    ['an app', { context: { app: { name: 'Shop' } } }, 'app', 'context.app'],
    ['a screen call', { type: 'screen' }, 'app', 'type'],
    ['a page call', { type: 'page' }, 'web', 'type'],
    ['a desk without a name', { context: { device: { type: 'desktop' } } }, undefined, undefined],
    ['"constructor"', { channel: 'constructor', context: { channel: '__proto__' } }, undefined, undefined],
    ['nonsense', { channel: 7, context: { page: 'x', app: [], device: 1, library: null } }, undefined, undefined],
    ['nothing', { context: null }, undefined, undefined],
  ])('%s', (_, parts, value, path) => {
    const event = { type: 'track', event: 'x', ...parts } as CdpEvent;
    expect(sourceOf(event)).toEqual(value === undefined ? undefined : { value, path });
  });
});
