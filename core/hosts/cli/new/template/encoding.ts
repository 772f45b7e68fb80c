import type { Config } from './config.ts';
import type { VendorEvent } from './mapping.ts';
// <plainForm>

/** The form of one event. */
export const encode$form = (event: VendorEvent): string => formOf(event);
// </plainForm>
// <keyedForm>

/** The form of one event, with the key in it. */
export function encode$keyedForm(event: VendorEvent, config: Config): string {
  return formOf({ template_key: config.apiKey, ...event });
}
// </keyedForm>
// <keyedJson>

/** The object of one event, with the key in it. */
export function encode$keyedJson(event: VendorEvent, config: Config): string {
  return JSON.stringify({ template_key: config.apiKey, ...event });
}
// </keyedJson>
// <form>

/** Every value is escaped once. */
function formOf(values: object): string {
  const entries = Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]);
  return new URLSearchParams(entries).toString();
}
// </form>
