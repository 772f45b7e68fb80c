/**
 * What lets SDKs in pages of any site read the answers of the tracking API. It names no credentials: a page gets no
 * further with the cookies of its visitors.
 */
export const crossOriginHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'retry-after, x-ratelimit-reset, x-request-id',
};

/**
 * The answer to a preflight, beside crossOriginHeaders. The star stands for every header but `authorization`, and old
 * browsers do not know it: so the headers that SDKs send are named.
 */
export const preflightHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'authorization, content-type, content-encoding, anonymousid, x-retry-count, *',
  // Two hours: Chrome keeps it no longer.
  'access-control-max-age': '7200',
};
