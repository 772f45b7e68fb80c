import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  startAdjust,
  startAdroll,
  startAdrollEmail,
  startRokt,
  type AdrollEmailSimulator,
} from '../../core/testing/simulators/index.ts';
import { fakeTerminal, spillway } from '../support/cli/fake-terminal.ts';
import { createWorkspace } from '../support/cli/workspace.ts';

const workspace = createWorkspace();
afterAll(workspace.remove);

const advertisableEid = 'ADVERTISABLE0000000001';
const basic = { username: 'simulated-user', password: 'simulated-password' };
const apikey = 'simulated-client-id';
const auth = { kind: 'basic', ...basic, apikey };
const config = workspace.write('email.json', { config: { advertisableEid, auth } });
const wrongPassword = workspace.write('wrong.json', {
  config: { advertisableEid, auth: { ...auth, password: 'mistyped-password' } },
});
const otherAdvertisable = workspace.write('other.json', { config: { advertisableEid: 'OTHER', auth } });
const soon = '2099-01-01T00:00:00';

let vendor: AdrollEmailSimulator;
beforeEach(async () => {
  vendor = await startAdrollEmail({ advertisableEid, apikey, basic });
});
afterEach(() => vendor.close());

const call = (operation: string, args: readonly string[] = [], stdin = '', file = config) =>
  spillway(['call', 'adroll-email', operation, '--config', file, '--origin', vendor.origin, ...args], stdin);

/** A campaign that can be launched. */
async function newCampaign(): Promise<string> {
  const body = {
    sender_name: 'Shop',
    sender_address: 'shop@example.com',
    footer_postal_address: '1 Main Street',
    emails: [{ email_subject: 'Hello', headline: 'Hi', body: 'Text' }, { email_subject: 'Again' }],
  };
  const { stdout } = await call('create-campaign', ['--body', '-'], JSON.stringify(body));
  return (JSON.parse(stdout) as { eid: string }).eid;
}

describe('spillway call against AdRoll Email, each of the fourteen operations', () => {
  test('create-campaign gives the new id; a start in the past is not sent, a user who may not is refused', async () => {
    expect(await newCampaign()).toMatch(/^CAMPAIGN/);
    const early = await call('create-campaign', ['--set', 'body.start_date=2020-01-01T00:00:00']);
    expect(early).toMatchObject({
      code: 65,
      stdout: '',
      stderr: expect.stringMatching(/body\.start_date: lies in the past/),
    });
    const wrong = await call('create-campaign', ['--body', '-'], '{}', wrongPassword);
    expect(wrong).toMatchObject({ code: 77, stdout: '' });
    expect(wrong.stderr).toMatch(/create-campaign refused: AdRoll does not allow this user to do it \(unauthorized\)/);
  });

  test('list-messages and post-messages give the alerts; a user who may not is refused', async () => {
    for (const operation of ['list-messages', 'post-messages']) {
      const { code, stdout } = await call(operation);
      expect([code, (JSON.parse(stdout) as { results: unknown[] }).results.length]).toEqual([0, 1]);
      expect((await call(operation, [], '', wrongPassword)).code).toBe(77);
    }
  });

  test('opt-out wants --yes, and then deactivates the advertisable', async () => {
    expect(await call('opt-out')).toMatchObject({ code: 2, stderr: expect.stringMatching(/nothing was sent.*--yes/) });
    expect(vendor.requests()).toBe(0);
    expect((await call('opt-out', ['--yes', '--set', 'agent= '])).code).toBe(65);
    expect(await call('opt-out', ['--yes', '--set', 'agent=consent centre'])).toMatchObject({ code: 0 });
    expect(vendor.termsAccepted()).toBe(false);
    expect((await call('opt-out', ['--yes'], '', wrongPassword)).code).toBe(77);
  });

  test('update-sender-info, get-settings and update-settings change and show the account', async () => {
    expect((await call('update-sender-info', ['--set', 'body.sender_name=Shop', '--json'])).code).toBe(0);
    expect((await call('update-settings', ['--set', 'body.country=de'])).code).toBe(0);
    expect(JSON.parse((await call('get-settings')).stdout)).toMatchObject({ sender_name: 'Shop', country: 'DE' });
    expect(await call('update-sender-info', ['--set', 'body.sender_address=nobody'])).toMatchObject({
      code: 65,
      stderr: expect.stringMatching(/body\.sender_address: must be an e-mail address/),
    });
    for (const [operation, ...args] of [['get-settings'], ['update-settings', '--set', 'body.country=DE']] as const) {
      const unknown = await call(operation, args, '', otherAdvertisable);
      expect(unknown).toMatchObject({ code: 77, stderr: expect.stringMatching(/does not know this advertisable/) });
    }
    expect((await call('update-sender-info', ['--set', 'body.sender_name=x'], '', wrongPassword)).code).toBe(77);
  });

  test('record-unsubscribers and list-unsubscribers; --as-events is what deliver takes', async () => {
    const addresses = ['jane.doe@example.com', 'Jane.Doe@example.com', 'john.roe@example.com'];
    expect((await call('record-unsubscribers', ['--body', '-'], JSON.stringify(addresses))).code).toBe(0);
    const listed = JSON.parse((await call('list-unsubscribers')).stdout) as { unsubscribers: object[] };
    expect(listed.unsubscribers).toHaveLength(2);
    const since = new Date(Date.now() + 60_000).toISOString();
    expect(JSON.parse((await call('list-unsubscribers', ['--since', since])).stdout)).toEqual({ unsubscribers: [] });
    expect(await call('list-unsubscribers', ['--since', 'yesterday'])).toMatchObject({
      code: 65,
      stderr: expect.stringMatching(/since: must be YYYY-MM-DDThh:mm:ss/),
    });
    const { stdout: events } = await call('list-unsubscribers', ['--as-events']);
    const delivered = await spillway(
      ['deliver', 'adroll-email', '--config', config, '--origin', vendor.origin, '--json'],
      events,
    );
    expect(JSON.parse(delivered.stdout)).toMatchObject({ in: 2, outcomes: { delivered: 2 } });
    const hashed = '["86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d"]';
    expect(await call('record-unsubscribers', ['--body', '-'], hashed)).toMatchObject({
      code: 65,
      stderr: expect.not.stringContaining('86e0b9'),
    });
    expect((await call('list-unsubscribers', [], '', otherAdvertisable)).code).toBe(77);
  });

  test('F-83 record-unsubscribers does the good ones, names the bad ones on stderr, and ends with 1', async () => {
    const bad = 'not-an-address\u001b[2J';
    const done = await call('record-unsubscribers', ['--body', '-'], JSON.stringify(['good@example.com', bad]));
    expect(done).toMatchObject({ code: 1 });
    expect(JSON.parse(done.stdout)).toEqual({ ignored: [] });
    expect(done.stderr).toBe('spillway: left out, the rest was done:\n  body.1: The e-mail address is malformed\n');
    expect((await call('list-unsubscribers')).stdout).toContain('good@example.com');
    const refused = await call(
      'record-unsubscribers',
      ['--body', '-'],
      JSON.stringify(['good@example.com', bad]),
      otherAdvertisable,
    );
    expect(refused).toMatchObject({ code: 77, stdout: '' });
    expect(refused.stderr).toMatch(/left out of the call:\n {2}body\.1: The e-mail address is malformed\n$/);
  });

  test('update-campaign changes it; dates in the past are not sent, and its absence is told', async () => {
    const eid = await newCampaign();
    const change = ['--set', `campaign_eid=${eid}`, '--set', 'body.name=Spring', '--set', `body.start_date=${soon}`];
    expect((await call('update-campaign', change)).code).toBe(0);
    expect(vendor.campaigns()).toMatchObject([{ eid, name: 'Spring', start_date: soon }]);
    expect((await call('update-campaign', [...change, '--set', 'body.end_date=2098-01-01T00:00:00'])).stderr).toMatch(
      /body\.end_date: lies before start_date/,
    );
    const early = ['--set', `campaign_eid=${eid}`, '--set', 'body.end_date=2098-01-01T00:00:00'];
    expect(await call('update-campaign', early)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/update-campaign rejected: AdRoll finds the start and end dates invalid/),
    });
  });

  test('list-campaign-emails and update-campaign-emails go by position; too many are not sent', async () => {
    const eid = ['--set', `campaign_eid=${await newCampaign()}`];
    expect((await call('update-campaign-emails', [...eid, '--body', '-'], '[{"email_subject":"Changed"}]')).code).toBe(
      0,
    );
    const { emails } = JSON.parse((await call('list-campaign-emails', eid)).stdout) as {
      emails: { email_subject: string }[];
    };
    expect(emails.map(({ email_subject: subject }) => subject)).toEqual(['Changed', 'Again']);
    expect(await call('update-campaign-emails', [...eid, '--body', '-'], '[{},{},{}]')).toMatchObject({
      code: 65,
      stderr: expect.stringMatching(/body: holds more emails than the campaign has/),
    });
    expect((await call('list-campaign-emails', eid, '', wrongPassword)).code).toBe(77);
    expect((await call('update-campaign-emails', [...eid, '--body', '-'], '[{}]', wrongPassword)).code).toBe(77);
    const changed = ['--set', 'campaign_eid=NONE', '--body', '-'];
    expect((await call('update-campaign-emails', changed, '[{"headline":"x"}]')).code).toBe(1);
    const number = await call('create-campaign', ['--set', 'body.emails.0.delay_hours=24']);
    expect(number).toMatchObject({ code: 0, stderr: '' });
  });

  test('set-campaign-status launches what is ready, and says what is missing otherwise', async () => {
    const ready = await newCampaign();
    const running = ['--set', 'body.status=running'];
    expect((await call('set-campaign-status', ['--set', `campaign_eid=${ready}`, ...running])).code).toBe(0);
    expect(vendor.campaigns()).toMatchObject([{ status: 'running' }]);
    const { stdout } = await call('create-campaign', ['--body', '-'], '{}');
    const bare = (JSON.parse(stdout) as { eid: string }).eid;
    expect(await call('set-campaign-status', ['--set', `campaign_eid=${bare}`, ...running])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/rejected: The campaign does not have what a launch requires .*the vendor said/),
    });
    expect((await call('set-campaign-status', ['--set', 'campaign_eid=NONE', ...running])).stderr).toMatch(
      /AdRoll does not know this campaign/,
    );
    expect((await call('set-campaign-status', ['--set', 'campaign_eid=x', '--set', 'body.status=on'])).code).toBe(65);
  });

  test('get-activation-status shows the terms, and is refused when they are not accepted', async () => {
    expect(JSON.parse((await call('get-activation-status')).stdout)).toEqual({ terms_accepted: true });
    await call('opt-out', ['--yes']);
    expect(await call('get-activation-status')).toMatchObject({
      code: 77,
      stdout: '',
      stderr: expect.stringMatching(/has not accepted the terms/),
    });
  });
});

describe('spillway call', () => {
  test('--list shows every operation with what it takes and the errors there are', async () => {
    const { code, stdout } = await spillway(['call', 'adroll-email', '--list']);
    expect(code).toBe(0);
    expect(stdout.match(/^[a-z-]+$/gm)).toHaveLength(14);
    expect(stdout).toContain('set-campaign-status\n  Pauses a campaign, or sets it running.\n  PUT /sendroll/api/v1/');
    expect(stdout).toMatch(/ {2}takes campaign_eid body\n/);
    expect(stdout).toMatch(/ {2}412: The campaign does not have what a launch requires/);
    expect((await spillway(['call', 'rokt', '--list'])).stdout).toBe('Rokt has no operations beside events\n');
    const json = JSON.parse((await spillway(['call', 'adroll-email', '--list', '--json'])).stdout) as object[];
    expect(json).toHaveLength(14);
  });

  test.each([
    [['call', 'adroll-email'], /no operation of adroll-email was named/],
    [
      ['call', 'adroll-email', 'send-mail', '--config', config],
      /no operation "send-mail"; expected one of: create-campaign,/,
    ],
    [['call', 'adroll-email', 'get-settings'], /--config is missing/],
    [['call', 'adroll-email', 'get-settings', '--config', config, '--set', 'x'], /--set expects key=value/],
    [
      ['call', 'adroll-email', 'create-campaign', '--config', config, '--set', 'body=5', '--set', 'body.name=x'],
      /--set: cannot set "body.name"/,
    ],
    [
      ['call', 'adroll-email', 'get-settings', '--config', config, '--as-events'],
      /--as-events: the reply of get-settings holds no events/,
    ],
    [
      ['call', 'adroll-email', 'create-campaign', '--config', config, '--body', 'nowhere.json'],
      /nowhere\.json \(ENOENT\)/,
    ],
    [['call', 'nobody', 'x', '--config', config], /unknown destination "nobody"/],
  ])('%j is a usage error', async (args, why) => {
    const { code, stderr } = await spillway(args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(why)]);
  });

  test('a body that is no JSON, or has a key the operation does not know, is not sent', async () => {
    expect(await call('create-campaign', ['--body', '-'], '{"sender_name": "Jane')).toMatchObject({
      code: 65,
      stderr: 'spillway: the body - is not valid JSON\n',
    });
    expect((await call('get-settings', ['--set', 'country=DE'])).stderr).toMatch(/Unrecognized key: "country"/);
    expect((await call('get-settings', ['--set', '__proto__.x=1'])).code).toBe(2);
    expect(vendor.requests()).toBe(0);
  });

  test('F-31 --set leaves no gaps in a list, however far the place', async () => {
    const { code, stderr } = await call('create-campaign', ['--set', 'body.emails.99999999.body=x']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('leaves gaps')]);
    expect(vendor.requests()).toBe(0);
  });

  test('F-31 a body may begin with a byte order mark, and is not nested without end', async () => {
    expect((await call('create-campaign', ['--body', '-'], '\uFEFF{"sender_name":"Shop"}')).code).not.toBe(65);
    const deep = `{"sender_name":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`;
    expect(await call('create-campaign', ['--body', '-'], deep)).toMatchObject({
      code: 65,
      stderr: 'spillway: the body - is nested deeper than 1000 levels\n',
    });
  });

  test('stops at a signal and says that the call did not come through', async () => {
    await vendor.close();
    vendor = await startAdrollEmail({
      advertisableEid,
      apikey,
      basic,
      faults: { rate: 1, weights: { 'error-500': 1 } },
    });
    const box = fakeTerminal();
    const started = setInterval(() => {
      if (vendor.requests() === 0) return;
      clearInterval(started);
      box.send('SIGINT');
    }, 10);
    const args = ['call', 'adroll-email', 'get-settings', '--config', config, '--origin', vendor.origin];
    expect(await box.run(...args)).toMatchObject({ code: 130, stdout: '' });
  });
});

describe('spillway check', () => {
  const check = (slug: string, settings: object, origin: string) =>
    spillway(['check', slug, '--config', workspace.write(`${slug}.json`, { config: settings }), '--origin', origin]);

  test('says ok, refused or unreachable of AdRoll Email', async () => {
    const settings = { advertisableEid, auth };
    expect(await check('adroll-email', settings, vendor.origin)).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^ok: The credentials may read the settings/),
      stderr: '',
    });
    expect(await check('adroll-email', { ...settings, advertisableEid: 'OTHER' }, vendor.origin)).toMatchObject({
      code: 77,
    });
    expect(await check('adroll-email', settings, 'http://127.0.0.1:9')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^unreachable: The request could not leave/),
    });
  });

  test('says ok and refused of AdRoll, and nothing is kept there', async () => {
    const ids = { advertisableEid, pixelEid: 'PIXEL00000000000000001' };
    const adroll = await startAdroll({ ...ids, token: 'sat-simulated' });
    expect(await check('adroll', { ...ids, serverAccessToken: 'sat-simulated' }, adroll.origin)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ok: The token is taken/),
    });
    const wrong = await check('adroll', { ...ids, serverAccessToken: 'mistyped-token' }, adroll.origin);
    expect(wrong).toMatchObject({
      code: 77,
      stdout: expect.stringMatching(/^refused: The vendor refused the credentials/),
    });
    expect(wrong.stdout).not.toContain('mistyped');
    expect(adroll.ledger.entries).toEqual([]);
    await adroll.close();
  });

  test('says ok and refused of Rokt, and nothing is kept there', async () => {
    const rokt = await startRokt({ apiKey: 'simulated-key', apiSecret: 'simulated-secret' });
    const settings = { apiKey: 'simulated-key', apiSecret: 'simulated-secret', pod: 'us1', environment: 'development' };
    expect(await check('rokt', settings, rokt.origin)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ok: The key and secret are taken/),
    });
    expect(await check('rokt', { ...settings, apiSecret: 'mistyped-secret' }, rokt.origin)).toMatchObject({ code: 77 });
    expect(rokt.ledger.entries).toEqual([]);
    await rokt.close();
  });

  test('says of Adjust that there is none', async () => {
    const adjust = await startAdjust({ appToken: 'app5imulated', eventTokens: ['tok000'] });
    const settings = { appToken: 'app5imulated', environment: 'sandbox', eventTokens: { 'Order Completed': 'tok000' } };
    expect(await check('adjust', settings, adjust.origin)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^unsupported: Adjust has no request/),
    });
    expect(adjust.requests()).toBe(0);
    await adjust.close();
  });
});
