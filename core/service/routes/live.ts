import { z } from '../../index.ts';
import { defineRoute, type Route, type StreamedAnswer } from '../route.ts';
import { aConnection, wholeNumberOr } from '../schemas.ts';
import type { ServiceParts } from '../service-parts.ts';
import { connectionStates } from './connections.ts';

export const liveRoute = (parts: ServiceParts): Route =>
  defineRoute({
    method: 'GET',
    path: '/v1/live',
    scope: 'read',
    summary: 'What every connection is doing, as it changes',
    description: 'Server-sent events: each `connections` holds what GET /v1/connections answers.',
    query: z.strictObject({ every: wholeNumberOr(1_000, 1_000, 60_000).describe('Milliseconds between two') }),
    answers: {
      200: [
        {
          description: 'An event stream',
          mediaType: 'text/event-stream',
          schema: z.object({ connections: z.array(aConnection) }),
        },
      ],
    },
    handle: ({ query, signal }) => eventStream(parts, query.every, signal),
  });

function eventStream(parts: ServiceParts, everyMs: number, signal: AbortSignal): StreamedAnswer {
  const encoder = new TextEncoder();
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let last = '';
  let isFirst = true;
  /** A stream whose pull() fails is not cancelled. */
  const failed = (error: unknown): never => {
    end();
    throw error;
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (!isFirst) await parts.load.pause(everyMs, signal);
        isFirst = false;
        if (signal.aborted || parts.load.isEnding) {
          controller.close();
          return end();
        }
        const states = JSON.stringify({ connections: await connectionStates(parts).catch(failed) });
        // A comment keeps proxies from taking a connection without news for a dead one.
        const message = states === last ? ': nothing new\n\n' : `event: connections\ndata: ${states}\n\n`;
        last = states;
        controller.enqueue(encoder.encode(message));
      },
      cancel: () => end(),
    },
    { highWaterMark: 0 },
  );
  return { response: new Response(stream, { headers: { 'content-type': 'text/event-stream' } }), ended };
}
