import { describe, expect, it } from '@jest/globals';
import { buildConnector, Client, EnvHttpProxyAgent, Pool } from 'undici';
import { undiciClient, undiciConnector, undiciPool, undiciProxyAgent, undiciRequest } from '../../core/http/undici.ts';

describe('the parts of undici that are loaded by their files', () => {
  it('are those that its package exports', () => {
    const parts = [undiciClient(), undiciPool(), undiciProxyAgent(), undiciConnector()];
    expect(parts).toEqual([Client, Pool, EnvHttpProxyAgent, buildConnector]);
    expect({ request: undiciRequest() }).toEqual({ request: Reflect.get(Client.prototype, 'request') as unknown });
  });
});
