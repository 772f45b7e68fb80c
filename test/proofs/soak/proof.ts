import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { accounts } from '../../support/simulators/accounts.ts';
import { generateLines } from '../../../core/testing/simulators/index.ts';
import { defineProof, wholeNumber } from '../proof.ts';
import { repository } from '../repository.ts';

const megabyte = 1_000_000;

export default defineProof({
  name: 'soak',
  proves: 'a stream of 1 GB through `spillway deliver` stays under a heap of 256 MB',
  takes: 'some minutes',
  about:
    'Generated AdRoll events, made on the fly, are piped into `spillway deliver --input -` under a heap of 256 MB. Prints its heap ' +
    'after a collection every 100 MB. Fails when it grows by more than 20 MB after the first one, or an event gets no outcome.',
  flags: { megabytes: wholeNumber('size of the stream, in MB', 1_000) },
  async run({ megabytes }) {
    const every = Math.min(100, megabytes / 4);
    const adroll = accounts.find(({ slug }) => slug === 'adroll');
    if (adroll === undefined) throw new Error('no account at AdRoll');

    const folder = await mkdtemp(path.join(tmpdir(), 'spillway-soak-'));
    const config = path.join(folder, 'adroll.json');
    await writeFile(config, JSON.stringify({ config: adroll.config }));
    const vendor = await adroll.start({ seed: 1 });
    const args =
      '--max-old-space-size=256 --expose-gc --import tsx --import ./test/proofs/soak/heap-probe.ts core/hosts/cli/main.ts deliver adroll'
        .split(' ')
        .concat('--config', config, '--input', '-', '--origin', vendor.origin, '--json', '--quiet');
    const cli = spawn(process.execPath, args, { cwd: repository, stdio: ['pipe', 'pipe', 'inherit', 'ipc'] });
    let printed = '';
    cli.stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const ended = once(cli, 'close') as Promise<[number | null]>;
    const { stdin } = cli;
    if (stdin === null) throw new Error('the CLI has no input');

    const heaps: number[] = [];
    async function tellHeap(written: number): Promise<void> {
      const answer = once(cli, 'message') as Promise<[number]>;
      cli.send('heap');
      const [bytes] = await answer;
      heaps.push(bytes);
      console.log(
        `${(written / megabyte).toFixed(0).padStart(5)} MB read: heap ${(bytes / megabyte).toFixed(1)} MB after gc`,
      );
    }

    const enough = Math.ceil((megabytes * megabyte) / 500);
    let written = 0;
    let events = 0;
    let chunk = '';
    for (const line of generateLines({ count: enough, mix: adroll.mix, startTime: Date.now() - enough * 20 })) {
      chunk += line.endsWith('\n') ? line : `${line}\n`;
      events += 1;
      if (chunk.length < 65_536) continue;
      const before = Math.floor(written / megabyte / every);
      written += Buffer.byteLength(chunk);
      if (!stdin.write(chunk)) await once(stdin, 'drain');
      chunk = '';
      if (Math.floor(written / megabyte / every) > before) await tellHeap(written);
      if (written >= megabytes * megabyte) break;
    }
    stdin.end(chunk);
    const [code] = await ended;
    // The vendor's ledger remembers every event, so it lives here and not in the process whose heap is watched.
    await vendor.close();
    await rm(folder, { recursive: true });

    const summary = JSON.parse(printed) as {
      in: number;
      outcomes: Record<string, number>;
      eventsPerSecond: number;
      conserved: boolean;
    };
    console.log(`${events} events written, exit ${code}: ${JSON.stringify(summary)}`);
    const [first = 0] = heaps;
    const flat = Math.max(...heaps) - first < 20 * megabyte;
    console.log(flat ? 'flat' : 'NOT flat');
    return flat && code === 0 && summary.in === events && summary.conserved;
  },
});
