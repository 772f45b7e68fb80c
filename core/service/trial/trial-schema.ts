import { outcomeKinds, reasonCodes, z } from '../../index.ts';
import { aCount, anEvent, anOutcome, aReason } from '../schemas.ts';
import { trialFaults, type TrialFaultKind } from './trial-vendor.ts';

/** What a trial takes and answers. */

export const mostEvents = 100;
export const longestMs = 30_000;

const faultKinds = Object.keys(trialFaults) as [TrialFaultKind, ...TrialFaultKind[]];
const faultTexts = Object.entries(trialFaults).map(([kind, text]) => `- \`${kind}\`: ${text}`);

const aFault = z
  .strictObject({
    kind: z.enum(faultKinds).describe(faultTexts.join('\n')),
    requests: z
      .union([z.int().min(1).max(1_000), z.literal('all')])
      .default(1)
      .describe('How many requests meet it, from the first; or all'),
  })
  .meta({ id: 'TrialFault', description: 'How the vendor fails' });

export const aTrial = z
  .strictObject({
    destination: z.string(),
    config: z.looseObject({}).describe('Its settings, literally'),
    options: z.looseObject({}).describe('Options of the connection').optional(),
    events: z.array(anEvent).min(1).max(mostEvents),
    fault: aFault.optional(),
    within: z
      .int()
      .min(100)
      .max(longestMs)
      .default(10_000)
      .describe('Milliseconds until what is not settled comes back deferred'),
    real: z.boolean().describe('To the vendor itself: only with `confirm`, and where the service allows it').optional(),
    confirm: z.boolean().optional(),
  })
  .meta({
    id: 'Trial',
    examples: [
      {
        destination: 'rokt',
        config: { pod: 'us1', apiKey: 'key', apiSecret: 'secret', environment: 'development' },
        events: [
          {
            type: 'track',
            event: 'Order Completed',
            messageId: 'order-1001',
            context: { traits: { email: 'ann@example.com' } },
            properties: { order_id: '1001', revenue: 12.5, currency: 'EUR' },
          },
        ],
        fault: { kind: 'throttled-429-seconds', requests: 1 },
      },
    ],
  });

const positions = z.array(aCount).describe('Positions of events, from 0');
const ms = z.number().min(0).describe('Milliseconds since the trial began');
const aCode = z.enum(reasonCodes);

const aTrialRequest = z
  .object({
    request: z.int().min(1),
    events: positions,
    attempt: z.int().min(1).describe('1 for the first attempt at these events together'),
    method: z.string(),
    startMs: ms,
    waitedMs: z.number().describe('Since the last answer about one of its events, or since the trial began'),
    endMs: ms.nullable(),
    status: z.int().optional(),
    failure: z.enum(['network', 'timeout', 'crash']).optional(),
    code: z.string().describe('Of a network failure, such as ECONNRESET').optional(),
    decided: z
      .object({
        settled: z.array(z.object({ positions, outcome: z.enum(outcomeKinds), code: aCode.optional() })),
        open: z.array(
          z.object({
            positions,
            next: z
              .enum(['retry', 'resend', 'split', 'isolate', 'question'])
              .describe(
                'retry: again after `afterMs`. resend: again at once, without those that were refused. split: in halves. ' +
                  'isolate: one by one. question: once it is known whether the credentials or the events are refused',
              ),
            code: aCode,
            afterMs: z.number().optional(),
          }),
        ),
      })
      .nullable()
      .describe('What the answer led to: an outcome, or how the events go on'),
  })
  .meta({ id: 'TrialRequest' });

export const aTrialReport = z
  .object({
    vendor: z
      .enum(['simulator', 'recorded', 'real'])
      .describe('simulator: it holds a request to the documents. recorded: it answers what its folder has recorded'),
    outcomes: z.array(anOutcome).describe('In the order of the events'),
    requests: z.array(aTrialRequest).describe('In the order in which they left'),
    suspended: z.array(z.object({ scope: z.string().optional(), reason: aReason })).describe('In the end'),
    defects: z
      .array(z.object({ where: z.string(), error: z.string() }))
      .describe('Of the destination or of Spillway; masked'),
    elapsedMs: ms,
    ledger: z
      .object({
        entries: z.array(
          z.object({
            id: z.string().describe('By which the vendor knows the event'),
            committed: z.boolean().describe('Whether it kept the event'),
            atMs: ms,
            fault: z.string().optional(),
          }),
        ),
        distinct: aCount.describe('Different events that it kept'),
        duplicates: aCount.describe('Kept more often than once'),
        refused: z
          .array(z.object({ request: z.int(), status: z.int(), reason: z.string(), item: z.int().optional() }))
          .describe('What it refused because the request was wrong'),
      })
      .nullable()
      .describe('What the vendor has; null where the trial is real'),
  })
  .meta({ id: 'TrialReport' });
