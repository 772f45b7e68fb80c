import { isMd5, isSha256 } from '../../core/api/index.ts';

const sha1Digest = /^[0-9a-f]{40}$/i;

/** A hashed address: AdRoll Email accepts only plain ones (ADEMAIL-26). */
export const isDigest = (text: string): boolean => isMd5(text) || isSha256(text) || sha1Digest.test(text);

/** Unquoted, so without the special characters of RFC 5322; letters of any script (RFC 6531). */
const shape =
  /^[^\s"(),:;<>@[\\\]\p{Cc}\p{Cs}]{1,64}@(?:[^\s"(),:;<>@[\\\].\p{Cc}\p{Cs}]+\.)+[^\s"(),:;<>@[\\\].\p{Cc}\p{Cs}]+$/u;

/**
 * Whether mail may arrive there. More lenient than isEmail(): real addresses break its rules (double dots, other
 * scripts), and a person whose address is wrongly withheld keeps receiving mail. AdRoll judges the rest (ADEMAIL-20).
 */
export const isAddress = (text: string): boolean => text.length <= 254 && shape.test(text);
