import type { Signal } from '../../../index.ts';
import type { ServiceLog } from '../../../service/index.ts';
import { isOfFullDisk } from '../queue/full-disk-news.ts';
import { errorName, unusableText } from '../run-stats.ts';

/** So many different defects and replies are told, each once: the metrics count all of them. */
const mostTold = 100;

/** A listener that logs what a person may have to act on. It says nothing of any event. */
export function logSignals(log: ServiceLog): (signal: Signal) => void {
  const seen = new Set<string>();
  const isNew = (what: string): boolean => {
    const isNews = !seen.has(what) && seen.size < mostTold;
    if (isNews) seen.add(what);
    return isNews;
  };
  return (signal) => {
    const { connection, slug: destination } = signal;
    const of = { connection, destination };
    switch (signal.kind) {
      case 'connection_suspended': {
        const scope = signal.scope === undefined ? {} : { scope: signal.scope };
        return log.warn({ ...of, reason: signal.code, ...scope }, 'suspended: a person has to act');
      }
      case 'conservation_broken':
        return log.error({ ...of, in: signal.in, out: signal.out }, 'a defect of the runtime: outcomes are missing');
      case 'reply_unusable':
        if (isNew(`${connection} ${signal.code}`)) log.warn(of, unusableText(signal));
        return;
      case 'defect': {
        if (isOfFullDisk(signal)) return;
        const error = errorName(signal.error);
        if (isNew(`${connection} ${signal.where} ${error}`))
          log.error({ ...of, where: signal.where, error }, 'a defect; the same one is not told again');
        return;
      }
      case 'connection_held':
      case 'connection_resumed':
      case 'event_settled':
      case 'queued_event_settled':
      case 'event_noted':
      case 'request_finished':
      case 'retry_scheduled':
      case 'operation_finished':
      case 'credentials_checked':
        // Metrics count these, and changes of a hold have a log of their own.
        return;
    }
  };
}
