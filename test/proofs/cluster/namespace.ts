import { spawnSync } from 'node:child_process';
import type { Elsewhere } from '../../support/jetstream/broker.ts';

/** A network of its own, for a broker that is to run on while nobody hears of it. */
export interface Namespace extends Elsewhere {
  cut(): void;
  join(): void;
  remove(): void;
}

/** The reason, where this machine does not allow it. */
export function makeNamespace(): Namespace | string {
  const name = `proof${process.pid}`;
  const [outer, inner] = [`po${process.pid}`, `pi${process.pid}`];
  const net = `10.213.${process.pid % 250}`;
  const [others, host] = [`${net}.1`, `${net}.2`];
  const within = ['ip', 'netns', 'exec', name];
  const ip = (...args: string[]): string | undefined => {
    const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' });
    return status === 0 ? undefined : (error?.message ?? stderr.trim());
  };
  const inside = (...args: string[]): string[] => ['netns', 'exec', name, 'ip', ...args];
  const remove = (): void => {
    ip('link', 'del', outer);
    ip('netns', 'del', name);
  };
  for (const args of [
    ['netns', 'add', name],
    ['link', 'add', outer, 'type', 'veth', 'peer', 'name', inner],
    ['link', 'set', inner, 'netns', name],
    ['addr', 'add', `${others}/24`, 'dev', outer],
    ['link', 'set', outer, 'up'],
    inside('addr', 'add', `${host}/24`, 'dev', inner),
    inside('link', 'set', inner, 'up'),
    inside('link', 'set', 'lo', 'up'),
  ]) {
    const problem = ip(...args);
    if (problem === undefined) continue;
    remove();
    return `ip ${args.join(' ')}: ${problem}`;
  }
  return {
    within,
    host,
    others,
    cut: () => void ip(...inside('link', 'set', inner, 'down')),
    join: () => void ip(...inside('link', 'set', inner, 'up')),
    remove,
  };
}
