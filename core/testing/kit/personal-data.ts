import type { CdpEvent } from '../../index.ts';
import type { LoadedCase } from './case.ts';
import type { ContractFolder } from './contract-folder.ts';

type Part = Readonly<Record<string, unknown>>;
export const partOf = (value: unknown): Part => (typeof value === 'object' && value !== null ? (value as Part) : {});

/** What names a person in an event, by kind. */
export function personIn(event: CdpEvent): readonly (readonly [string, string])[] {
  const whole = partOf(event);
  const context = partOf(whole['context']);
  const people = [context['traits'], whole['traits'], whole['properties']].map(partOf);
  const pairs = [
    ...people.flatMap((person) => [
      ['e-mail', person['email']],
      ['phone', person['phone']],
      ['name', person['firstName']],
      ['name', person['lastName']],
    ]),
    ['user id', whole['userId']],
    ['anonymous id', whole['anonymousId']],
    ['advertising id', partOf(context['device'])['advertisingId']],
    ['IP address', context['ip']],
  ];
  return pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string' && pair[1] !== '');
}

/** The e-mail, phone and IP address of an event, and names that are too long to occur in a sentence by chance. */
export const personalTexts = (event: CdpEvent): readonly string[] =>
  personIn(event).flatMap(([kind, text]) => (kind.endsWith(' id') || text.length <= 5 ? [] : [text]));

/** A case whose vendor answers, reduced to one event with personal data; the base case if it has one. */
export function caseWithPerson({ cases, baseCase }: ContractFolder): LoadedCase | undefined {
  const some = cases.flatMap((loaded) => {
    const index = loaded.events.findIndex((event) => personalTexts(event).length > 0);
    const [event, outcome] = [loaded.events[index], loaded.outcomes[index]];
    const isSent = loaded.replies.length > 0 && outcome?.kind !== 'skipped';
    return event !== undefined && outcome !== undefined && isSent
      ? [{ ...loaded, events: [event], outcomes: [outcome] }]
      : [];
  });
  return some.find(({ name }) => name === baseCase) ?? some[0];
}
