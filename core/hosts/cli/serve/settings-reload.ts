import type { ConfigIssue } from '../../../index.ts';
import type { ReloadResult } from '../../../metrics/index.ts';
import type { Service, ServiceLog } from '../../../service/index.ts';
import { errnoOf } from '../exit-codes.ts';
import type { ServiceSettingsRead, ValidSettings } from './service-settings.ts';

export interface SettingsReloadOptions {
  readonly service: Pick<Service, 'apply' | 'setTokens' | 'reportReload'>;
  readonly log: ServiceLog;
  /** Reads the files again. */
  readonly read: () => Promise<ServiceSettingsRead>;
  /** What the service was started with. */
  readonly settings: ValidSettings;
  /** Of the folders of destinations. */
  readonly fingerprint: () => Promise<string>;
  /** What that was before they were loaded. */
  readonly loaded: string;
  readonly onReload?: (result: ReloadResult) => void;
}

interface Report {
  readonly result: 'applied' | 'unchanged' | 'invalid';
  readonly issues: readonly ConfigIssue[];
}

/** Brings a service to what its files say, as often as they change. Files that are wrong change nothing. */
export class SettingsReload {
  readonly #options: SettingsReloadOptions;
  /** Sources and tokens, to tell them from others. */
  #access: string;
  #report: Report = { result: 'unchanged', issues: [] };
  #needsRestart = false;
  #running: Promise<void> | undefined;
  #isAskedAgain = false;
  #isStopped = false;

  constructor(options: SettingsReloadOptions) {
    this.#options = options;
    this.#access = accessOf(options.settings);
  }

  /** Reads the files again; once more, where it is reading them already. Never rejects. */
  request(): void {
    if (this.#isStopped) return;
    this.#isAskedAgain = true;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** Looks whether the folders of destinations are still those that were loaded. Never rejects. */
  async checkFolders(): Promise<void> {
    const { fingerprint, loaded, log, onReload } = this.#options;
    const needsRestart = (await fingerprint()) !== loaded;
    if (needsRestart === this.#needsRestart) return;
    this.#needsRestart = needsRestart;
    this.#tell();
    if (!needsRestart) return;
    onReload?.('needs_restart');
    log.warn({}, 'a folder of destinations has changed: only a restart takes that up');
  }

  /** Changes nothing more. Resolves once no change is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#isAskedAgain && !this.#isStopped) {
      this.#isAskedAgain = false;
      await this.checkFolders();
      this.#report = await this.#apply();
      this.#tell();
      const { result } = this.#report;
      this.#options.onReload?.(result);
    }
  }

  #tell(): void {
    const at = new Date().toISOString();
    this.#options.service.reportReload({ at, ...this.#report, restartNeeded: this.#needsRestart });
  }

  async #apply(): Promise<Report> {
    const { service, read, log } = this.#options;
    const settings = await read();
    if (settings.kind === 'invalid') return this.#refuse(settings.issues);
    for (const warning of settings.warnings) log.warn({}, warning);
    let applied;
    try {
      applied = await service.apply(settings.connections, settings.sources);
    } catch (error) {
      // A store that cannot be used ends the service by itself.
      return this.#refuse([{ path: '', message: `the store did not take the change (${errnoOf(error)})` }]);
    }
    if (applied.kind === 'invalid') return this.#refuse(applied.issues);
    if (settings.tokens !== undefined) service.setTokens(settings.tokens);
    const access = accessOf(settings);
    const { added, changed, removed, unchanged } = applied;
    const isSame = access === this.#access && added.length + changed.length + removed.length === 0;
    this.#access = access;
    if (isSame) log.info({}, 'the settings were read again, and are the same');
    else log.info({ added, changed, removed, unchanged }, 'the settings have changed');
    return { result: isSame ? 'unchanged' : 'applied', issues: [] };
  }

  #refuse(issues: readonly ConfigIssue[]): Report {
    this.#options.log.error({ issues }, 'the settings were read again and are wrong: those before stay');
    return { result: 'invalid', issues };
  }
}

const accessOf = ({ sources, tokens = [] }: ValidSettings): string =>
  JSON.stringify([
    sources,
    tokens.map(({ name, scopes, digest }) => [name, [...scopes], Buffer.from(digest).toString('hex')]),
  ]);
