import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { BrokerTls } from '../../../core/queue/jetstream/index.ts';

/** Certificates of a test run, for a broker at 127.0.0.1 and for a process that asks it. */
export interface Certificates {
  /** Of who signed both. */
  readonly ca: string;
  readonly client: Required<BrokerTls>;
  /** Of the broker's configuration. With `isMutual`, it asks for the certificate of a process, too. */
  lines(isMutual: boolean): readonly string[];
  remove(): Promise<void>;
}

/** Makes them with openssl. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(path.join(tmpdir(), 'certificates-'));
  const file = (name: string): string => path.join(folder, name);
  const read = (name: string): Promise<string> => readFile(file(name), 'utf8');
  const openssl = (...args: readonly string[]) => promisify(execFile)('openssl', args);
  const make = async (name: string, sections: string, ...more: readonly string[]): Promise<void> => {
    await writeFile(
      file(`${name}.conf`),
      `[req]\ndistinguished_name = dn\nx509_extensions = x\n[dn]\n[x]\n${sections}\n`,
    );
    const keys = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', file(`${name}.key`)];
    const of = ['-config', file(`${name}.conf`), '-subj', `/CN=${name}`, '-days', '2', '-out', file(`${name}.pem`)];
    await openssl('req', '-x509', ...keys, ...of, ...more);
  };
  await make('ca', 'basicConstraints = critical, CA:TRUE');
  const signed = ['-CA', file('ca.pem'), '-CAkey', file('ca.key')];
  await make('broker', 'subjectAltName = IP:127.0.0.1, DNS:localhost\nextendedKeyUsage = serverAuth', ...signed);
  await make('client', 'extendedKeyUsage = clientAuth', ...signed);
  const ca = await read('ca.pem');
  return {
    ca,
    client: { ca, cert: await read('client.pem'), key: await read('client.key') },
    lines: (isMutual) => [
      'tls {',
      `cert_file: "${file('broker.pem')}"`,
      `key_file: "${file('broker.key')}"`,
      ...(isMutual ? [`ca_file: "${file('ca.pem')}"`, 'verify: true'] : []),
      '}',
    ],
    remove: () => rm(folder, { recursive: true }),
  };
}
