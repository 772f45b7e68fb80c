import type { Command } from 'commander';
import {
  allowOrigin,
  bytes,
  collect,
  count,
  destinations,
  hours,
  milliseconds,
  portNumber,
  proxy,
} from '../flag-parsers.ts';
import { storeText, withStoreOptions } from '../queue/store-options.ts';
import type { Terminal } from '../terminal.ts';

/** The HTTP service. What it needs is loaded when it runs, its optional peers included. */
export function describeServe(program: Command, terminal: Terminal, end: (code: number) => void): void {
  withStoreOptions(
    program
      .command('serve')
      .description(
        'answers by HTTP: delivers events, keeps them in a durable queue, shows what happens; until a signal',
      )
      .requiredOption('--config <file>', 'the connections and sources; read again on SIGHUP, and when it changes'),
    { makes: true, waitsForBroker: true, text: `the queue for events that are kept, if any are: ${storeText}` },
  )
    .option('--host <address>', 'the address to listen on (default: 127.0.0.1); another needs --token-file')
    .option('--port <number>', 'the port to listen on (default: 9090; 0: a free one)', portNumber)
    .option('--token-file <file>', 'who may do what: a line each, "name scope... token"; read again as --config is')
    .option(
      '--public-host <name>',
      'a name under which clients reach it, as their Host header says; repeatable',
      collect,
    )
    .option(
      '--trusted-proxy <cidr>',
      'the address or network of a proxy that says whom it speaks for (X-Forwarded-For); repeatable',
      collect,
    )
    .option('--open-metrics', 'GET /metrics needs no token')
    .option('--allow-real', 'POST /v1/try may deliver to the vendor itself, where a request confirms it')
    .option(
      '--origin <slug=url>',
      'sends to this origin instead of that vendor; repeatable (env: SPILLWAY_ORIGIN)',
      collect,
    )
    .option(...proxy)
    .option(...allowOrigin)
    .option(...destinations)
    .option(
      '--grace <ms>',
      'how long what is in flight may take to finish after a signal, or under settings that are replaced (default: 10000)',
      milliseconds,
    )
    .option('--keep <hours>', 'how long delivered events can be replayed, in hours (default: 168)', hours)
    .option(
      '--max-bytes <bytes>',
      'the most the store may keep from now on, such as 500MB (at first 1 GiB); a full one answers 429',
      bytes,
    )
    .option(
      '--max-connections-labelled <number>',
      'so many connections have their id in metrics; the others share one label (default: 100)',
      count,
    )
    .option('--log <form>', 'the form of its messages on standard error: json or text (default: json)')
    .action(async (flags) => end(await (await import('./serve.ts')).serve(flags, terminal)));
}
