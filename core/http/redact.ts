import { Masked } from './masking/mask.ts';
import { findPersonal } from './masking/personal.ts';
import { readingOf } from './masking/reading.ts';
import { findSecrets } from './masking/search.ts';
import { SecretTexts } from './masking/secret-texts.ts';
import { Values } from './masking/values.ts';
import { Words, type KnownBeforehand } from './masking/words.ts';

/** Masks what a connection's credentials and payloads are, in every text that comes from outside. */
export interface Redactor {
  /** The text as it is, without our credentials in any form they travel in. */
  withoutSecrets(text: string): string;
  /** The header with its credential masked; the scheme word stays. */
  header(name: string, value: string): string;
  /**
   * A sentence that a folder made of an event before anything left. It should be a constant: one that held no value of
   * the event it was first said about is one, and is not looked at again.
   */
  ownSentence(text: string, event: unknown): string;
  /** Masks what is said about these payloads. */
  about(payloads: readonly unknown[]): Words;
}

/** What a redactor has to know. */
export interface Sensitive {
  readonly secrets: readonly string[];
  /** Other texts of the settings: an account, a token that is no credential. */
  readonly settings?: readonly string[];
  /** Messages that the vendor documents: shown whatever the payload holds. A `^` is where the message begins. */
  readonly documented?: readonly RegExp[] | undefined;
}

const credentialHeader = /^(?:authorization|proxy-authorization|cookie|x-api-key|api-key|apikey)$/i;
/** More than a folder has sentences and fields. */
const mostConstants = 2_000;
const scheme = /^(?:basic|bearer|digest|token) /i;

/** Costs nothing before the first text: few of many connections ever hear one. */
export function createRedactor(sensitive: readonly string[] | (() => Sensitive)): Redactor {
  let known: KnownBeforehand | undefined;
  const knowing = (): KnownBeforehand =>
    (known ??= beforehand(typeof sensitive === 'function' ? sensitive() : { secrets: sensitive }));
  const constants = new Set<string>();
  const withoutSecrets = (text: string): string => {
    const { secrets } = knowing();
    if (secrets.none || text === '') return text;
    const masked = new Masked();
    findSecrets(readingOf(text), secrets, (start, end) => masked.add(start, end));
    return masked.over(text);
  };
  return {
    withoutSecrets,
    header: (name, value) =>
      credentialHeader.test(name) ? `${scheme.exec(value)?.[0] ?? ''}***` : withoutSecrets(value),
    about: (payloads) => new Words(knowing(), payloads),
    ownSentence(text, event) {
      if (typeof text !== 'string' || constants.has(text)) return text;
      const shown = new Words(knowing(), [event]).sentence(text);
      if (shown === text && constants.size < mostConstants) constants.add(text);
      return shown;
    },
  };
}

function beforehand({ secrets, settings = [], documented = [] }: Sensitive): KnownBeforehand {
  const values = new Values();
  values.takeIn(settings);
  return { secrets: new SecretTexts(secrets), settings: values, documented: documented.map(anywhere) };
}

const anywhere = ({ source, flags }: RegExp): RegExp =>
  new RegExp(source.replace(/^\^/, ''), [...new Set(`${flags.replace('y', '')}g`)].join(''));

/** What a vendor said about some payloads, fit for an outcome: `Words.detail`. */
export const vendorSaid = (body: string, payloads: readonly unknown[], redactor: Redactor): string | undefined =>
  redactor.about(payloads).detail(body);

/** The text without what may name a person, for texts that nobody wrote about a payload. */
export function withoutPersonal(text: string): string {
  const masked = new Masked();
  findPersonal(text, (start, end) => masked.add(start, end));
  return masked.over(text);
}
