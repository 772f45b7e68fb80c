import { wholeObject, type JsonObject } from 'spillway/api';

/** An event as the source sent it. */
export type Payload = Record<string, JsonObject[string]>;

/** Receivers parse JSON to some depth; beyond it, what is left out has a note. */
export const whole = wholeObject({ vendor: 'Webhook', depth: 32 });
