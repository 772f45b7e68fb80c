import { eventChoice } from 'spillway/api';
import type { Config } from './config.ts';
import { defaultNames, type EventName } from './mapping.ts';

export const prepare = ({ eventNames, pageNames, sendPages }: Config) => ({
  choose: eventChoice<EventName>({
    vendor: 'Pinterest',
    track: [defaultNames, eventNames],
    page: [pageNames],
    otherPages: sendPages ? 'page_visit' : undefined,
  }),
});

export type Prepared = ReturnType<typeof prepare>;
