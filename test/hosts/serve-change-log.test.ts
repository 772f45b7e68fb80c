// Tests core/hosts/cli/serve/change-log.ts and signal-log.ts: what a service logs of the workers of its store.
import { describe, expect, test } from '@jest/globals';
import { logChanges } from '../../core/hosts/cli/serve/change-log.ts';
import { logSignals } from '../../core/hosts/cli/serve/signal-log.ts';

const recorded = () => {
  const lines: string[] = [];
  const as = (level: string) => (fields: object, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return { lines, log: { info: as('info'), warn: as('warn'), error: as('error') } };
};

describe('The log of a service', () => {
  test('tells why a connection is held, and until when; a suspension is told by its signal alone', () => {
    const { lines, log } = recorded();
    const change = logChanges(log);
    change({ kind: 'held', connection: 'shop', cause: 'suspended', code: 'unauthorized', until: 0 });
    expect(lines).toEqual([]);
    change({ kind: 'held', connection: 'shop', cause: 'unreachable', code: 'vendor_unavailable', until: 0 });
    change({ kind: 'resumed', connection: 'shop', afterMs: 5 });
    expect(lines[0]).toContain('"until":"1970-01-01T00:00:00.000Z"');
    expect(lines.map((line) => line.slice(0, 14))).toEqual(['warn held: wha', 'info goes on {']);
  });

  test('tells of a partial outage, and of its end', () => {
    const { lines, log } = recorded();
    const change = logChanges(log);
    change({ kind: 'partial_outage', connection: 'shop', events: 12 });
    change({ kind: 'partial_outage_over', connection: 'shop', afterMs: 5 });
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['warn', 'info']);
    expect(lines[0]).toContain('"events":12');
  });

  test('tells of a full disk once for all connections, and not as a defect', () => {
    const { lines, log } = recorded();
    const change = logChanges(log);
    const signal = logSignals(log);
    for (const connection of ['a', 'b']) {
      change({ kind: 'disk_full', connection });
      const error = 'QueueFull: the disk is full';
      signal({ kind: 'defect', slug: 'acme', connection, where: 'queue.settle', error });
    }
    for (const connection of ['a', 'b']) change({ kind: 'disk_freed', connection });
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['error', 'info']);
  });
});
