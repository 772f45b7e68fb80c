import { absoluteUrl, type AnyDestination } from '../../index.ts';

/**
 * The origins that a host program would have to allow for these settings: those of the https URLs in them. None for a
 * folder whose manifest names its hosts.
 */
export function allowedOriginsFor({ manifest }: AnyDestination, config: unknown): readonly string[] {
  if (manifest.hosts !== 'origins') return [];
  const origins = textsIn(config).flatMap((text) => {
    const url = absoluteUrl(text);
    return url?.protocol === 'https:' && /^[^[\d]/.test(url.hostname) ? [url.origin] : [];
  });
  return origins.length === 0 ? ['https://allowed.example.com'] : [...new Set(origins)];
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
