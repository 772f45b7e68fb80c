import { createHash } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

/** A broker whose users have JSON Web Tokens, signed down from an operator, and the credentials of one of them. */
export interface Accounts {
  /** Of the broker's configuration. */
  readonly lines: readonly string[];
  /** The text of a `.creds` file. */
  readonly credentials: string;
  /** The same, of somebody whom no account of the broker signed. */
  readonly strangers: string;
}

export function makeAccounts(): Accounts {
  const [operator, system, account, stranger] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createAccount(),
    nkeys.createAccount(),
  ];
  const unlimited = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const stores = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const accountToken = (of: KeyPair, limits: object): string => signed('account', of, operator, { limits });
  return {
    lines: [
      `operator: ${signed('operator', operator, operator, { system_account: system.getPublicKey() })}`,
      `system_account: ${system.getPublicKey()}`,
      'resolver: MEMORY',
      'resolver_preload {',
      `${system.getPublicKey()}: ${accountToken(system, unlimited)}`,
      `${account.getPublicKey()}: ${accountToken(account, { ...unlimited, ...stores })}`,
      '}',
    ],
    credentials: credentialsOf(account),
    strangers: credentialsOf(stranger),
  };
}

function credentialsOf(account: KeyPair): string {
  const user = nkeys.createUser();
  const token = signed('user', user, account, { subs: -1, data: -1, payload: -1 });
  const seed = new TextDecoder().decode(user.getSeed());
  const part = (name: string, text: string): string => `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n`;
  return `${part('NATS USER JWT', token)}\n${part('USER NKEY SEED', seed)}`;
}

/** As nats.io/jwt has it, version 2. */
function signed(type: 'operator' | 'account' | 'user', subject: KeyPair, issuer: KeyPair, claims: object): string {
  const part = (of: object): string => Buffer.from(JSON.stringify(of)).toString('base64url');
  const body = {
    jti: createHash('sha256').update(subject.getPublicKey()).digest('hex'),
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name: type,
    sub: subject.getPublicKey(),
    nats: { ...claims, type, version: 2 },
  };
  const text = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(body)}`;
  return `${text}.${Buffer.from(issuer.sign(new TextEncoder().encode(text))).toString('base64url')}`;
}
