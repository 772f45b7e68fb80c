import { MaskedRanges } from './masking/masked-ranges.ts';
import { findPersonal } from './masking/personal.ts';
import { readingOf } from './masking/reading.ts';
import { findSecrets } from './masking/search.ts';
import { SecretTexts } from './masking/secret-texts.ts';
import { Values } from './masking/values.ts';
import { MessageMasker, type MaskingContext } from './masking/message-masker.ts';

/** Masks a connection's credentials and payload values in every text that comes from outside. */
export interface Redactor {
  /** The text without our credentials, in any encoding in which they are sent. */
  withoutSecrets(text: string): string;
  /** The header with its credential masked; the scheme word stays. */
  header(name: string, value: string): string;
  /**
   * Masks sentences that a folder returned for an event before anything was sent. They should be constants: one that
   * held no value of its first event counts as such and is not checked again. The event is indexed once, for the first
   * sentence that is none.
   */
  ownSentences(event: unknown): (text: string) => string;
  /** A masker for messages about these payloads. */
  about(payloads: readonly unknown[]): MessageMasker;
}

/** What a redactor masks, and what it shows. */
export interface Sensitive {
  readonly secrets: readonly string[];
  /** Other texts of the settings, such as an account or a token that is not a credential. */
  readonly settings?: readonly string[];
  /** Messages that the vendor documents: shown whatever the payload holds. A `^` is where the message begins. */
  readonly documented?: readonly RegExp[] | undefined;
}

/** Whether the value of a header is a credential, whoever it is of. */
export const isCredentialHeader = (name: string): boolean => credentialHeader.test(name);

const credentialHeader = /^(?:authorization|proxy-authorization|cookie|x-api-key|api-key|apikey)$/i;
/** More than a folder's sentences and fields. */
const maxConstants = 2_000;
const longestConstant = 300;
const scheme = /^(?:basic|bearer|digest|token) /i;

/** Indexes nothing before the first text, because most connections never mask one. */
class ConnectionRedactor implements Redactor {
  readonly #sensitive: () => Sensitive;
  #context: MaskingContext | undefined;
  /** Sentences that hold nothing of an event. */
  #constants: Set<string> | undefined;

  constructor(sensitive: () => Sensitive) {
    this.#sensitive = sensitive;
  }

  withoutSecrets(text: string): string {
    const { secrets } = this.#masking();
    if (secrets.isEmpty || text === '') return text;
    const masked = new MaskedRanges();
    findSecrets(readingOf(text), secrets, (start, end) => masked.add(start, end));
    return masked.applyTo(text);
  }

  header(name: string, value: string): string {
    return isCredentialHeader(name) ? `${scheme.exec(value)?.[0] ?? ''}***` : this.withoutSecrets(value);
  }

  about(payloads: readonly unknown[]): MessageMasker {
    return new MessageMasker(this.#masking(), payloads);
  }

  ownSentences(event: unknown): (text: string) => string {
    let masker: MessageMasker | undefined;
    return (text) => {
      if (typeof text !== 'string') return text;
      const constants = (this.#constants ??= new Set());
      if (constants.has(text)) return text;
      masker ??= this.about([event]);
      const shown = masker.sentence(text);
      if (shown === text && constants.size < maxConstants && text.length <= longestConstant) constants.add(text);
      return shown;
    };
  }

  #masking(): MaskingContext {
    return (this.#context ??= maskingContext(this.#sensitive()));
  }
}

export const createRedactor = (sensitive: readonly string[] | (() => Sensitive)): Redactor =>
  new ConnectionRedactor(typeof sensitive === 'function' ? sensitive : () => ({ secrets: sensitive }));

function maskingContext({ secrets, settings = [], documented = [] }: Sensitive): MaskingContext {
  const values = new Values();
  values.addAll(settings);
  return { secrets: new SecretTexts(secrets), settings: values, documented: documented.map(anywhere) };
}

const anywhere = ({ source, flags }: RegExp): RegExp =>
  new RegExp(source.replace(/^\^/, ''), [...new Set(`${flags.replace('y', '')}g`)].join(''));

/** A vendor's message about some payloads, fit for an outcome: `MessageMasker.detail`. */
export const vendorDetail = (body: string, payloads: readonly unknown[], redactor: Redactor): string | undefined =>
  redactor.about(payloads).detail(body);

/** The text without anything that may name a person, for texts that are not about a payload. */
export function withoutPersonal(text: string): string {
  const masked = new MaskedRanges();
  findPersonal(text, (start, end) => masked.add(start, end));
  return masked.applyTo(text);
}
