import { describe, expect, it } from '@jest/globals';
import { basicAuth, basicUserName, createRuntime, secret, text, z } from '../../core/index.ts';
import { acme } from '../support/runtime/test-connection.ts';

const problem = 'must not contain ":", which ends the user name in HTTP Basic';

describe('HTTP Basic', () => {
  it('is the padded Base64 of the user name and the password in UTF-8', () => {
    // RFC 7617, section 2 and 2.1.
    expect(basicAuth('Aladdin', 'open sesame')).toBe('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==');
    expect(basicAuth('test', '123\u00a3')).toBe('Basic dGVzdDoxMjPCow==');
    expect(basicAuth('user', 'a:b:')).toBe(`Basic ${btoa('user:a:b:')}`);
    expect(basicAuth('user', '')).toBe(`Basic ${btoa('user:')}`);
  });

  it('takes no user name with a ":", and does not repeat it', () => {
    expect(() => basicAuth('us:er', 'x')).toThrow(new TypeError(`basicAuth(): the user name ${problem}`));
  });
});

describe('the form of its user name', () => {
  it.each([
    ['a credential', secret('User', 'x', basicUserName)],
    ['a line of text', text('User', 'x', basicUserName)],
  ])('holds for %s', (_, schema) => {
    expect(schema.parse('üser')).toBe('üser');
    expect(schema.safeParse('us:er').error?.issues).toMatchObject([{ message: problem }]);
    expect(schema.safeParse('').success).toBe(false);
  });

  it('is a problem of the setting when the connection opens, which does not say the value', () => {
    const config = z.strictObject({ account: secret('User', 'x', basicUserName) });
    const opened = createRuntime({ destinations: [acme({ config })] }).open('acme', { account: 'us:er' });
    expect(opened).toEqual({ kind: 'invalid', issues: [{ path: 'config.account', message: problem }] });
  });

  it('opens no connection where the folder forgot it', () => {
    const request = ({ account }: { readonly account: string }) => ({
      method: 'POST' as const,
      url: 'https://api.vendor.example/events',
      headers: { authorization: basicAuth(account, 'x') },
    });
    const opened = createRuntime({ destinations: [acme({ request })] }).open('acme', { account: 'us:er' });
    expect(opened).toMatchObject({ kind: 'invalid', issues: [{ path: 'config' }] });
    expect(JSON.stringify(opened)).not.toContain('us:er');
  });
});
