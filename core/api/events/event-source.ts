import { deviceOf } from '../person/device.ts';
import type { CdpEvent, JsonObject, JsonValue } from '../event.ts';
import type { Found } from './first-of.ts';
import { isObject } from '../fields/mapping.ts';
import { trimInvisible } from '../fields/trim-invisible.ts';

/** Where a person did something. */
export type EventSource = 'web' | 'app' | 'server';

/**
 * Where an event happened, and the path that says so; `undefined` if nothing does. A server that passes on what its
 * website or its app saw sends that page or device along: the event is of the web or the app then, and of the server
 * only if it has neither.
 *
 * `context.app` alone says little: RudderStack's SDK for browsers writes itself there.
 *
 * @example
 * const source = sourceOf(event)?.value === 'app' ? 'APP' : 'WEBSITE';
 */
export function sourceOf(event: CdpEvent): Found<EventSource> | undefined {
  const context = isObject(event.context) ? event.context : {};
  // RudderStack's SDKs write it beside the type of the call, some sources into its context.
  const named = channelOf((event as { readonly channel?: JsonValue }).channel, 'channel');
  const channel = named ?? channelOf(context['channel'], 'context.channel');
  if (channel !== undefined && channel.value !== 'server') return channel;
  if (event.type === 'screen') return { value: 'app', path: 'type' };
  const library = libraryOf(isObject(context['library']) ? context['library']['name'] : undefined);
  if (library !== undefined && library.value !== 'server') return library;
  if (event.type === 'page') return { value: 'web', path: 'type' };
  if (isObject(context['page'])) return { value: 'web', path: 'context.page' };
  if (deviceOf(event).family !== 'other' && isObject(context['device']))
    return { value: 'app', path: 'context.device' };
  if (isObject(context['app']) && context['app']['namespace'] !== rudderBrowser)
    return { value: 'app', path: 'context.app' };
  return channel ?? library;
}

const rudderBrowser = 'com.rudderlabs.javascript';

/**
 * Whether a server's SDK sent it, by its channel or its library, wherever it happened: the address that it was sent
 * from is that server's, and no person's.
 */
export function isSentByServer(event: JsonObject): boolean {
  const context = isObject(event['context']) ? event['context'] : {};
  const channel = sourceNamed(event['channel']) ?? sourceNamed(context['channel']);
  if (channel !== undefined) return channel === 'server';
  return libraryOf(isObject(context['library']) ? context['library']['name'] : undefined)?.value === 'server';
}

/** What a word in the place of a channel says; `undefined` where it says nothing of it. */
export const sourceNamed = (word: JsonValue | undefined): EventSource | undefined =>
  typeof word === 'string' ? (channels.get(word) ?? channels.get(trimInvisible(word).toLowerCase())) : undefined;

const channels: ReadonlyMap<string, EventSource> = new Map([
  ['web', 'web'],
  ['browser', 'web'],
  ['mobile', 'app'],
  ['app', 'app'],
  ['server', 'server'],
]);

function channelOf(word: JsonValue | undefined, path: string): Found<EventSource> | undefined {
  const value = sourceNamed(word);
  return value && { value, path };
}

// `analytics.js`, `analytics-next`, `RudderLabs JavaScript SDK`; `analytics-ios`, `analytics-swift`,
// `com.rudderstack.android.sdk.core`; `analytics-node`, `analytics-java`, `analytics-python`, `http`.
const ofApps = /\bios\b|swift|android|kotlin|react[-_ ]?native|flutter|cordova|unity|xamarin|maui/i;
const ofBrowsers = /javascript|analytics\.js|analytics-js|analytics-next|browser|^web/i;
const ofServers = /node|python|ruby|java|php|golang|analytics-go|rust|dotnet|\.net|csharp|http|server/i;

function libraryOf(name: JsonValue | undefined): Found<EventSource> | undefined {
  if (typeof name !== 'string') return undefined;
  const value = ofApps.test(name) ? 'app' : ofBrowsers.test(name) ? 'web' : ofServers.test(name) ? 'server' : undefined;
  return value && { value, path: 'context.library.name' };
}
