import { rmSync } from 'node:fs';
import { spillway, type Ran } from './fake-terminal.ts';
import type { createWorkspace } from './workspace.ts';

export interface Backlog {
  readonly connection: string;
  readonly destination: string | null;
  readonly waiting: number;
  readonly dead: number;
  readonly done: number;
  readonly state: string;
  readonly reason: { readonly cause: string; readonly code: string } | null;
}

/** A store of its own in a workspace, and what the CLI says of it. */
export function createStore(workspace: ReturnType<typeof createWorkspace>, name: string) {
  const store = workspace.at(name);
  rmSync(store, { recursive: true, force: true });
  const run = (...args: string[]): Promise<Ran> => spillway([...args, '--store', store]);
  return {
    store,
    run,
    enqueue: (id: string, config: string, input: string | Buffer, ...flags: string[]): Promise<Ran> =>
      spillway(['enqueue', id, '--store', store, '--config', config, ...flags], input),
    backlog: async (id: string): Promise<Backlog | undefined> => {
      const { stdout } = await run('queue', 'status', '--json');
      return (JSON.parse(stdout) as { connections: Backlog[] }).connections.find(({ connection }) => connection === id);
    },
    /** As `dead list --json` has it. */
    dead: async (...flags: string[]): Promise<DeadLine[]> => {
      const { stdout } = await run('dead', 'list', '--json', ...flags);
      return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as DeadLine]));
    },
  };
}

export interface DeadLine {
  readonly connection: string;
  readonly seq: number;
  readonly id: string;
  readonly outcome: string;
  readonly reason: { readonly code: string };
  readonly attempts: number;
  readonly diedAt: string;
}
