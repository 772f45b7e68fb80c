import { isMd5, isSha256 } from '../../core/api/index.ts';

const sha1Digest = /^[0-9a-f]{40}$/i;

/** An address that somebody hashed: AdRoll Email takes the address alone (ADEMAIL-26). */
export const isDigest = (text: string): boolean => isMd5(text) || isSha256(text) || sha1Digest.test(text);

/** Unquoted, so none of the characters RFC 5322 has a use for; letters of any script (RFC 6531). */
const shape =
  /^[^\s"(),:;<>@[\\\]\p{Cc}\p{Cs}]{1,64}@(?:[^\s"(),:;<>@[\\\].\p{Cc}\p{Cs}]+\.)+[^\s"(),:;<>@[\\\].\p{Cc}\p{Cs}]+$/u;

/**
 * Might mail arrive there? Laxer than the check of what a person is matched by: addresses in use break its rules (double
 * dots, other scripts), and one that is wrongly held back goes on receiving mail. AdRoll judges the rest (ADEMAIL-20).
 */
export const isAddress = (text: string): boolean => text.length <= 254 && shape.test(text);
