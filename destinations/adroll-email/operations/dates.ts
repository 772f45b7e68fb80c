import { parseTime, trimmedText, z, type InputIssue } from '../../../core/api/index.ts';

const withoutZone = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)$/;

/** AdRoll's format: UTC, whole seconds, no zone (ADEMAIL-08). `undefined` for an invalid time. */
export function utcSeconds(value: string): string | undefined {
  const [, day, time] = withoutZone.exec(value) ?? [];
  const at = parseTime(day === undefined ? value : `${day}T${time}Z`);
  return at === undefined ? undefined : new Date(at).toISOString().slice(0, 19);
}

/** A time in AdRoll's format, or ISO 8601 with a zone; it is sent in AdRoll's format. */
export const dateTime = (title: string) =>
  trimmedText()
    .transform((value, context) => {
      const seconds = utcSeconds(value);
      if (seconds !== undefined) return seconds;
      context.addIssue('must be YYYY-MM-DDThh:mm:ss in UTC, or ISO 8601 with a zone');
      return z.NEVER;
    })
    .meta({ title, description: 'YYYY-MM-DDThh:mm:ss in UTC, or ISO 8601 with a zone.' });

export interface Dates {
  readonly start_date?: string | undefined;
  readonly end_date?: string | undefined;
}

/**
 * ADEMAIL-35, ADEMAIL-36: neither a start nor an end in the past, and no end before the start. Both at the same time is
 * allowed.
 */
export function checkDates({ start_date: start, end_date: end }: Dates, now: number): readonly InputIssue[] {
  const thisSecond = new Date(now).toISOString().slice(0, 19);
  return [
    ...(start !== undefined && start < thisSecond ? [{ path: 'body.start_date', message: 'lies in the past' }] : []),
    ...(end !== undefined && end < thisSecond ? [{ path: 'body.end_date', message: 'lies in the past' }] : []),
    ...(start !== undefined && end !== undefined && end < start
      ? [{ path: 'body.end_date', message: 'lies before start_date' }]
      : []),
  ];
}
