import { createRuntime, type RuntimeOptions } from '../../../core/index.ts';
import adrollEmail from '../../../destinations/adroll-email/index.ts';

/** Forgets everybody who has unsubscribed at AdRoll Email since then, once the credentials are known to be good. */
export async function forgetUnsubscribed(
  settings: unknown,
  since: string,
  forget: (address: string) => void,
  more?: Partial<RuntimeOptions>,
) {
  const runtime = createRuntime({ destinations: [adrollEmail], ...more });
  // Opened with the destination itself, so that its operations are typed by name; with a slug, names are plain strings.
  const opened = runtime.open(adrollEmail, settings);
  if (opened.kind === 'invalid') throw new Error(opened.issues.map(({ path }) => path).join(', '));
  const { connection } = opened;

  const checked = await connection.check(); // ok, refused, unreachable or unsupported
  if (checked.kind === 'refused') throw new Error(checked.reason.message);
  const listed = await connection.call('list-unsubscribers', { since });
  if (listed.kind === 'done') for (const { email_address: address } of listed.reply.unsubscribers) forget(address);
  await runtime.close();
  return listed.kind;
}
