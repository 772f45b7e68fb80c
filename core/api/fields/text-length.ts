/**
 * At most `most` UTF-16 units, as JavaScript and most vendors count, and never half of a surrogate pair.
 *
 * @example
 * cutText('naïve 🙂', 7); // 'naïve '
 */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text;
  if (most <= 0) return '';
  const last = text.charCodeAt(most - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? most - 1 : most);
}
