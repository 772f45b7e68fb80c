import type { HoldChange } from '../../../queue/index.ts';
import type { ServiceLog } from '../../../service/index.ts';
import { FullDiskNews } from '../queue/full-disk-news.ts';
import { isoTime } from '../queue/format-time.ts';
import { holdText } from '../queue/hold-text.ts';

/** Logs when a connection with a store is held, and when it goes on. */
export function logChanges(log: ServiceLog): (change: HoldChange) => void {
  const disks = new FullDiskNews();
  return (change) => {
    if (!disks.isNews(change)) return undefined;
    const { connection } = change;
    switch (change.kind) {
      case 'held': {
        // The signal of the suspension is in the log already, with its scope.
        if (change.cause === 'suspended') return undefined;
        const { cause, code } = change;
        const fields = { connection, cause, reason: code, until: isoTime(change.until), why: holdText(cause, code) };
        return log.warn(fields, 'held: what is kept for it waits');
      }
      case 'resumed':
        return log.info({ connection, afterMs: change.afterMs }, 'goes on');
      case 'partial_outage':
        return log.warn(
          { connection, events: change.events },
          'partial outage: some events fail at every try, while others succeed',
        );
      case 'partial_outage_over':
        return log.info({ connection, afterMs: change.afterMs }, 'the partial outage is over');
      case 'disk_full':
        return log.error({}, 'the disk is full: nothing is sent whose outcome cannot be recorded');
      case 'disk_freed':
        return log.info({}, 'the disk takes writes again');
    }
  };
}
