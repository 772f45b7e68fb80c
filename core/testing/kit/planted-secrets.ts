import type { ContractFolder } from './contract-folder.ts';
import { openKitConnection } from './kit-connection.ts';
import { secretSettings, settingsSchema } from './settings.ts';
import { always } from './vendor-double.ts';

export type Config = Readonly<Record<string, unknown>>;

/** A configuration, and the secrets in it. */
export interface PlantedSecrets {
  readonly config: Config;
  readonly secrets: readonly string[];
}

/** A configuration with a canary for each secret; where the schema refuses a canary, its own value is used. */
export function plantedSecrets(folder: ContractFolder, own: Config): PlantedSecrets {
  const secrets: string[] = [];
  let config: Config = structuredClone(own);
  for (const [number, { path }] of secretSettings(settingsSchema(folder.definition)).entries()) {
    const canary = `Canary${number}zQ7vX2mK9pL4wR8tY3bN6`;
    const changed = withSetting(config, path, canary);
    const value = settingAt(config, path);
    if (opens(folder, changed)) {
      config = changed;
      secrets.push(canary);
    } else if (typeof value === 'string' && value.length >= 8) secrets.push(value);
  }
  return { config, secrets };
}

/** The setting at that path; `undefined` if it is not set. */
export const settingAt = (config: Config, path: readonly string[]): unknown =>
  path.reduce<unknown>((at, key) => (at as Config | undefined)?.[key], config);

export function withSetting(config: Config, [name = '', ...rest]: readonly string[], value: unknown): Config {
  if (rest.length === 0) return { ...config, [name]: value };
  return { ...config, [name]: withSetting((config[name] ?? {}) as Config, rest, value) };
}

function opens(folder: ContractFolder, config: Config): boolean {
  try {
    openKitConnection(folder, always({ status: 200 }), { config, unobserved: true });
    return true;
  } catch {
    return false;
  }
}
