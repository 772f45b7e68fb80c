import { hasAsciiMailbox, isEmail, isMd5, isSha256 } from '../../core/api/index.ts';

const sha1Digest = /^[0-9a-f]{40}$/i;

/** A hashed address: AdRoll Email accepts only plain ones (ADEMAIL-26). */
export const isDigest = (text: string): boolean => isMd5(text) || isSha256(text) || sha1Digest.test(text);

/**
 * Why it is no address that AdRoll Email takes; `undefined` if it is one. Its document says nothing of letters outside
 * ASCII, which mail takes in a mailbox only where both sides know RFC 6531 (ADEMAIL-22).
 */
export function whyNoAddress(text: string): string | undefined {
  if (!isEmail(text)) return 'The e-mail address is malformed';
  return hasAsciiMailbox(text) ? undefined : 'AdRoll Email takes only ASCII before the @ of an e-mail address';
}
