import { Option, type Command } from 'commander';
import { seconds, upTo, wait } from '../flag-parsers.ts';

// The options of a store, as commander takes them. What reads them is loaded when a command runs.

const group = 'Options of a store on NATS (each without a number has a variable, as SPILLWAY_NATS_USER):';

const reach = [
  ['--nats-user <name>', 'the user; with --nats-password-file'],
  ['--nats-password-file <file>', 'the file with the password'],
  ['--nats-token-file <file>', 'the file with a token'],
  ['--nats-creds <file>', 'the file with credentials (.creds: a JWT and its seed)'],
  ['--nats-nkey-file <file>', 'the file with the seed of an NKey'],
  ['--nats-ca <file>', 'who signs the certificate of the broker (PEM), where no public authority does'],
  ['--nats-cert <file>', 'the certificate of this process (PEM); with --nats-key'],
  ['--nats-key <file>', 'the key of that certificate (PEM)'],
] as const;

const layout = [
  ['--nats-lanes <number>', 'lanes of a connection, a consumer each (at first 64)', upTo(1_024)],
  ['--nats-replicas <number>', 'copies that the brokers keep, 1 or 3 (at first 1)', upTo(5)],
] as const;

export const storeText = 'a directory, or nats://HOST[:PORT][,HOST...][?stream=NAME] (env: SPILLWAY_STORE)';

/** How a broker is reached. `makes`: also what a store that the command may make is to be like. */
export function withBrokerOptions(command: Command, makes: boolean): Command {
  for (const [flags, text] of reach) command.addOption(new Option(flags, text).helpGroup(group));
  if (makes)
    for (const [flags, text, parse] of layout)
      command.addOption(new Option(flags, text).argParser(parse).helpGroup(group));
  return command;
}

/** `--store` and what goes with it. */
export function withStoreOptions(
  command: Command,
  { makes = false, waitsForBroker = false, text = storeText } = {},
): Command {
  const [flags, waitText] = wait;
  const most = waitsForBroker
    ? `${waitText.replace(', or a broker', '')}; for a broker, without it, for ever`
    : waitText;
  return withBrokerOptions(command.option('--store <store>', text).option(flags, most, seconds), makes);
}
