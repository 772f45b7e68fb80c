import { asEmail } from '../../api/person/email-address.ts';
import { asE164, asE164Digits } from '../../api/person/phone-number.ts';
import { hashed } from '../../api/person/user-data.ts';
import { asText } from '../../api/fields/casts.ts';
import type { Cast } from '../../api/fields/mapping.ts';
import { nothing } from '../mapping-place.ts';
import { converted, type Directive } from './directive.ts';

/** The normal forms of which vendors compare digests, and what fits them. */
const forms: Readonly<Record<'text' | 'email' | 'phone' | 'e164', readonly [cast: Cast<string>, takes: string]>> = {
  text: [asText, '@hash takes a text that is not blank, or a number'],
  email: [asEmail, '@hash takes an e-mail address here'],
  phone: [asE164Digits, '@hash takes a phone number with its country code here'],
  e164: [asE164, '@hash takes a phone number with its country code here'],
};

/**
 * `@hash`: the digest of a value, by SHA-256 or MD5, in the form that `as` names: a text without space around it; an
 * e-mail address in small letters; a phone number as the digits of E.164 (Meta, Pinterest, Snap), or with its plus
 * (`e164`; Google, TikTok). A digest that the event brings stays as it is.
 */
export const hash: Directive = (argument, place) => {
  const options = place.options(argument, ['value'], ['algorithm', 'as']);
  if (options === undefined) return nothing;
  const algorithm = place.choice(options, 'algorithm', ['sha256', 'md5']);
  const [cast, takes] = forms[place.choice(options, 'as', ['text', 'email', 'phone', 'e164'])];
  const digestOf = hashed(cast, algorithm);
  return converted(place.side(options, 'value'), takes, digestOf);
};
