import type { CdpEvent } from '../../api/index.ts';
import { appEvents } from './events-app.ts';
import { webEvents } from './events-web.ts';

export { hostileEvents, hostileVariantsOf } from './events-hostile.ts';
export type { HostileEvent } from './events-hostile.ts';

/**
 * One event of each kind the SDKs emit, by the name a case calls it. JSON-safe; all happened at
 * 2026-01-15T11:59:00.000Z.
 */
export const canonicalEvents = { ...webEvents, ...appEvents } as const satisfies Readonly<Record<string, CdpEvent>>;

export type CanonicalEventName = keyof typeof canonicalEvents;

export const isCanonicalEventName = (name: string): name is CanonicalEventName => Object.hasOwn(canonicalEvents, name);
