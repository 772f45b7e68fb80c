import { isEmail, isSha256, normalizeEmail, reader, sha256, type CdpEvent, type Trace } from '../../core/api/index.ts';
import type { Config } from './config.ts';
import type { UserIdentities } from './mapping.ts';

const places = ['context.traits.email', 'properties.email'].map((path) => ({ path, read: reader(path) }));

/**
 * The person's e-mail address, its hash, or both, as the setting says (ROKT-13 to ROKT-16). If the CDP has only a hash,
 * that is passed on. `undefined` if the event has neither of the wanted forms.
 */
export function identitiesOf(
  event: CdpEvent,
  form: Config['identity'],
  trace: Trace | undefined,
): UserIdentities | undefined {
  let digest: string | undefined;
  let digestFrom = '';
  for (const { path, read } of places) {
    const written = read(event);
    if (typeof written !== 'string') continue;
    const value = normalizeEmail(written);
    if (isEmail(value)) return ofAddress(value, path, form, trace);
    if (digest !== undefined || !isSha256(value)) continue;
    digest = value;
    digestFrom = path;
  }
  if (digest === undefined || form === 'raw') return undefined;
  trace?.from('user_identities.other', digestFrom);
  return { other: digest };
}

function ofAddress(address: string, path: string, form: Config['identity'], trace: Trace | undefined): UserIdentities {
  if (form !== 'hashed') trace?.from('user_identities.email', path);
  if (form === 'raw') return { email: address };
  trace?.from('user_identities.other', path);
  const other = sha256(address);
  return form === 'hashed' ? { other } : { email: address, other };
}
