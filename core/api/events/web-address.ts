/** An absolute http(s) URL with a host; `undefined` for relative paths, bare domains and other schemes. */
export function absoluteUrl(value: string): URL | undefined {
  if (!/^https?:\/\//i.test(value.trim())) return undefined;
  try {
    return new URL(value.trim());
  } catch {
    return undefined;
  }
}
