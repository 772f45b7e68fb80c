import path from 'node:path';
import type { JetStreamOptions } from '../../../queue/jetstream/index.ts';
import { usage } from '../exit-codes.ts';
import { readSecretFile } from '../secret-file.ts';
import type { Terminal } from '../terminal.ts';

/** How a broker is reached. All but the user, the lanes and the replicas are files. */
export interface BrokerFlags {
  readonly natsUser?: string;
  readonly natsPasswordFile?: string;
  readonly natsTokenFile?: string;
  readonly natsCreds?: string;
  readonly natsNkeyFile?: string;
  readonly natsCa?: string;
  readonly natsCert?: string;
  readonly natsKey?: string;
  /** Where the command may make a store. */
  readonly natsLanes?: number;
  readonly natsReplicas?: number;
}

export type BrokerSettings = Pick<JetStreamOptions, 'auth' | 'tls' | 'lanes' | 'replicas'>;

type Name = keyof typeof settings;

const settings = {
  natsUser: { flag: '--nats-user', variable: 'SPILLWAY_NATS_USER' },
  natsPasswordFile: { flag: '--nats-password-file', variable: 'SPILLWAY_NATS_PASSWORD_FILE' },
  natsTokenFile: { flag: '--nats-token-file', variable: 'SPILLWAY_NATS_TOKEN_FILE' },
  natsCreds: { flag: '--nats-creds', variable: 'SPILLWAY_NATS_CREDS' },
  natsNkeyFile: { flag: '--nats-nkey-file', variable: 'SPILLWAY_NATS_NKEY_FILE' },
  natsCa: { flag: '--nats-ca', variable: 'SPILLWAY_NATS_CA' },
  natsCert: { flag: '--nats-cert', variable: 'SPILLWAY_NATS_CERT' },
  natsKey: { flag: '--nats-key', variable: 'SPILLWAY_NATS_KEY' },
} as const;

/** The ways to say who one is. */
const ways = ['natsUser', 'natsTokenFile', 'natsCreds', 'natsNkeyFile'] as const satisfies readonly Name[];
const ofWays: readonly Name[] = [...ways, 'natsPasswordFile'];

/** The flags, and the texts of the files that they name. A usage error names a file, and says nothing of its text. */
export function brokerSettings(flags: BrokerFlags, env: Terminal['env']): BrokerSettings {
  const named = namesOf(flags, env);
  const text = (name: Name): string | undefined => {
    const file = named[name];
    if (file === undefined) return undefined;
    const read = readSecretFile(path.resolve(file), false);
    if ('fault' in read) throw usage(`${settings[name].flag}: ${read.fault}`);
    return read.value;
  };
  const both = ways.filter((name) => named[name] !== undefined).map((name) => settings[name].flag);
  if (both.length > 1) throw usage(`${both.join(' and ')}: one way to say who this is, not several`);
  together(named, 'natsUser', 'natsPasswordFile');
  together(named, 'natsCert', 'natsKey');
  const auth = {
    user: named.natsUser,
    password: text('natsPasswordFile'),
    token: text('natsTokenFile'),
    credentials: text('natsCreds'),
    nkeySeed: text('natsNkeyFile'),
  };
  const tls = { ca: text('natsCa'), cert: text('natsCert'), key: text('natsKey') };
  const { natsLanes: lanes, natsReplicas: replicas } = flags;
  return { auth: orNone(auth), tls: orNone(tls), lanes, replicas };
}

/** Throws for a flag that only a broker has a use for. A variable may stand there for other commands. */
export function assertNoBrokerFlags(flags: BrokerFlags): void {
  const all = { ...settings, natsLanes: { flag: '--nats-lanes' }, natsReplicas: { flag: '--nats-replicas' } };
  for (const [name, { flag }] of Object.entries(all))
    if (flags[name as keyof BrokerFlags] !== undefined)
      throw usage(`${flag} is for a store on NATS (--store nats://HOST), and --store names a directory`);
}

type Named = Readonly<Partial<Record<Name, string>>>;

/** Who says by a flag who it is means that alone, whatever the environment says. */
function namesOf(flags: BrokerFlags, env: Terminal['env']): Named {
  const isSaid = ofWays.some((name) => flags[name] !== undefined);
  const named: Partial<Record<Name, string>> = {};
  for (const name of Object.keys(settings) as Name[]) {
    const variable = isSaid && ofWays.includes(name) ? '' : (env[settings[name].variable] ?? '');
    const value = flags[name] ?? variable;
    if (value !== '') named[name] = value;
  }
  return named;
}

function together(named: Named, one: Name, other: Name): void {
  const [first, second] = [settings[one].flag, settings[other].flag];
  if ((named[one] === undefined) !== (named[other] === undefined)) throw usage(`${first} and ${second} go together`);
}

const orNone = <T extends object>(parts: T): T | undefined =>
  Object.values(parts).every((part) => part === undefined) ? undefined : parts;
