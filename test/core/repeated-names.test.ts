import { describe, expect, it } from '@jest/globals';
import { createRuntime } from '../../core/index.ts';
import { repeatedNames } from '../../core/runtime/repeated-names.ts';
import adjust from '../../destinations/adjust/index.ts';

describe('F-58 two names of settings that are one once they are trimmed', () => {
  it('are an issue by their path: the last of them would count', () => {
    const names = { 'Order Completed': 'a', ' Order Completed': 'b', 'Order  Completed': 'c', Signed: 'd' };
    expect(repeatedNames({ names, lists: [{ x: 1, 'x\u200B': 2 }], text: ' ' }, 'config')).toEqual([
      { path: 'config.names.Order Completed', message: expect.stringContaining('keep one of them') },
      { path: 'config.lists.0.x', message: expect.stringContaining('keep one of them') },
    ]);
    expect(repeatedNames({ names: { Signed: 'd', signed: 'e' } }, 'config')).toEqual([]);
  });

  it('are looked for no deeper than settings go', () => {
    const config: Record<string, unknown> = {};
    config['again'] = config;
    expect(repeatedNames(config, 'config')).toEqual([]);
  });

  it('open no connection, and are told beside what else is wrong', async () => {
    const runtime = createRuntime({ destinations: [adjust] });
    const eventTokens = { 'Order Completed': 'f0ob4r', 'Order Completed ': 'abc123' };
    const config = { appToken: '4w565xzmb54d', environment: 'sandbox', eventTokens };
    const issuesIn = (written: object) => {
      const opened = runtime.open('adjust', written);
      return opened.kind === 'invalid' ? opened.issues : [];
    };
    expect(runtime.open('adjust', { ...config, eventTokens: { 'Order Completed': 'f0ob4r' } }).kind).toBe('open');
    expect(issuesIn(config)).toEqual([expect.objectContaining({ path: 'config.eventTokens.Order Completed' })]);
    expect(issuesIn({ ...config, environment: 'moon' })).toEqual([
      expect.objectContaining({ path: 'config.environment' }),
      expect.objectContaining({ path: 'config.eventTokens.Order Completed' }),
    ]);
    await runtime.close();
  });
});
