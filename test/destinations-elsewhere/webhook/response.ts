import { decide, errorTable, isObject, type ResponseHandler, type SuccessForm } from 'spillway/api';
import type { Config } from './config.ts';
import type { Payload } from './mapping.ts';

const nobodyThere = decide('suspend', 'misconfigured', 'Nobody takes events at this URL, or not in this way');

export const response: ResponseHandler<Payload> = errorTable<Payload>({
  rows: [{ status: [404, 405, 410, 415], means: nobodyThere }],
});

/** Success is what the owner of the URL documents, as the settings say it. */
export const responseFor = ({ answers }: Config): Partial<ResponseHandler<Payload>> => ({
  success: answers.map((answer): SuccessForm<Payload> => {
    const { status } = answer;
    if (answer.body === 'empty') return { status, body: 'empty' };
    if (answer.body === 'text') return { status, body: new RegExp(`^${escaped(answer.text)}$`) };
    const wanted = Object.entries(answer.members);
    return {
      status,
      body: (json) =>
        isObject(json) && wanted.every(([name, value]) => Object.hasOwn(json, name) && json[name] === value),
    };
  }),
});

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
