import { absoluteUrl, choice, secret, setting, text, trimmedText, z } from 'spillway/api';

const url = trimmedText()
  .regex(/^[Hh][Tt][Tt][Pp][Ss]?:\/\//, 'must be a full http(s) URL')
  .refine((value) => absoluteUrl(value) !== undefined, 'must be a full http(s) URL')
  .meta({ format: 'uri' });
/** HTTP's own, which are not the customer's to set (content-type says what the body is). */
const reserved =
  /^(?:connection|content-encoding|content-length|content-type|expect|host|te|trailer|transfer-encoding|upgrade)$/;
const headerName = z
  .string()
  .regex(/^[a-z0-9-]+$/, 'must be a header name in small letters')
  .refine((name) => !reserved.test(name), 'is a header that is set by HTTP')
  .meta({ title: 'Header' });

const status = setting(z.int().min(200).max(299).default(200), 'Status', 'The status of this answer.');
const body = <B extends string>(kind: B) => setting(z.literal(kind), 'Body', 'What the body of this answer is.');
const scalar = z
  .union([
    z.string().meta({ title: 'Text' }),
    z.number().meta({ title: 'Number' }),
    z.boolean().meta({ title: 'Yes or no' }),
  ])
  .meta({ title: 'Value' });
const members = z
  .record(z.string().min(1).meta({ title: 'Member' }), scalar)
  .refine((all) => Object.keys(all).length > 0, 'must not be empty');

/** The answers by which the receiver says yes. There is none for "whatever the body": a proxy's page is a 200, too. */
const answer = z
  .discriminatedUnion('body', [
    z.strictObject({ body: body('empty'), status }).meta({ title: 'Empty' }),
    z
      .strictObject({ body: body('text'), status, text: text('Text', 'The whole text, such as ok; case counts.') })
      .meta({ title: 'Text' }),
    z
      .strictObject({
        body: body('json'),
        status,
        members: setting(members, 'Members', 'Members that the object has.'),
      })
      .meta({ title: 'JSON' }),
  ])
  .meta({ title: 'Answer' });

const signature = z.strictObject({
  key: secret('Signing key', 'Shared with the receiver: the key of the HMAC-SHA256 over the body.'),
  header: setting(headerName.default('x-signature-256'), 'Header', 'The header that carries the signature.'),
  prefix: setting(
    z
      .string()
      .regex(/^[!-~]*$/)
      .default('sha256='),
    'Prefix',
    'Before the signature in hex.',
  ),
});

export const config = z.strictObject({
  url: setting(url, 'URL', 'Where the events go. The host program has to allow its origin.'),
  method: setting(
    choice({ POST: 'POST', PUT: 'PUT', PATCH: 'PATCH' }).default('POST'),
    'Method',
    'The method of the requests.',
  ),
  headers: setting(
    z.record(headerName, secret('Value', 'The value of this header.')).default({}),
    'Headers',
    'Further headers, such as authorization, by their names in small letters.',
  ),
  signature: setting(signature.optional(), 'Signature', 'Signs the body of each request.'),
  eventsPerRequest: setting(
    z.int().min(1).max(1_000).optional(),
    'Events per request',
    'Sends JSON arrays of so many events at the most. Without it, each event travels alone, as an object.',
  ),
  answers: setting(
    z
      .array(answer)
      .min(1)
      .default([200, 201, 202, 204].map((code) => ({ body: 'empty', status: code }))),
    'Answers',
    'What the receiver documents as its yes. By default an empty body with 200, 201, 202 or 204.',
  ),
  concurrency: setting(z.int().min(1).max(16).default(4), 'Concurrency', 'Requests on their way at once.'),
  requestsPerSecond: setting(z.int().min(1).optional(), 'Requests per second', 'The most that the receiver takes.'),
});

export type Config = z.output<typeof config>;
