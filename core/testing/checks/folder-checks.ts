import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { callNames, loadCall } from '../kit/call-case.ts';
import { loadReply, replyNames } from '../kit/case.ts';
import { operationSchemas, settingsIn, settingsSchema, titleless } from '../kit/settings.ts';
import { openKitConnection } from '../kit/kit-connection.ts';
import { always } from '../kit/vendor-double.ts';
import { must, type Check } from './check.ts';

const monthsRepliesStayFresh = 18;

/** What a folder must contain besides code. The age of replies is counted from `today`. */
export const folderChecks = (today: () => Date): readonly Check[] => [
  {
    title: 'folder: the slug is the name of the folder, in kebab-case',
    run({ name, definition: { manifest } }) {
      must(manifest.slug === name, `the slug is ${manifest.slug}, the folder ${name}`);
      must(/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name), `${name} is not kebab-case`);
    },
  },
  {
    title: 'folder: a README tells people about the vendor',
    run({ directory, definition }) {
      const file = path.join(directory, 'README.md');
      must(existsSync(file), 'there is no README.md');
      const text = readFileSync(file, 'utf8');
      must(
        text.includes(definition.manifest.displayName),
        `README.md does not mention ${definition.manifest.displayName}`,
      );
    },
  },
  {
    title: 'settings: every one has a title and a description for a form',
    run({ definition }) {
      const settings = settingsIn(settingsSchema(definition));
      must(settings.length > 0, 'the schema names no settings');
      const bare = settings.filter(({ schema }) => !hasText(schema['title']) || !hasText(schema['description']));
      must(bare.length === 0, `no title or description: ${bare.map(({ path: at }) => at.join('.')).join(', ')}`);
    },
  },
  {
    title: 'settings: F-85 every value, item, name of a map and alternative has a title for a form',
    run({ definition }) {
      const bare = titleless(settingsSchema(definition));
      must(bare.length === 0, `no title: ${bare.join(', ')}; choice() labels values, meta({ title }) the rest`);
    },
  },
  {
    title: 'operations: F-85 every input has a title for a form',
    run({ definition }) {
      for (const [name, schema] of operationSchemas(definition)) {
        const bare = titleless(schema);
        must(bare.length === 0, `${name}: no title: ${bare.join(', ')}`);
      }
    },
  },
  {
    title: 'settings: an empty configuration is refused',
    run(folder) {
      for (const config of [{}, [], 'text']) {
        let refused = false;
        try {
          openKitConnection(folder, always({ status: 200 }), { config });
        } catch {
          refused = true;
        }
        must(refused, `${JSON.stringify(config)} opens a connection`);
      }
    },
  },
  {
    title: 'cases: there are at least three, and one of them is a failure',
    run({ cases }) {
      must(cases.length >= 3, `there are ${cases.length}`);
      const failure = cases.some(
        ({ outcomes, replies }) =>
          replies.some((reply) => 'fault' in reply || reply.status >= 300) ||
          outcomes.some(({ kind }) => kind === 'deferred'),
      );
      must(failure, 'in none does the vendor fail or refuse');
    },
  },
  {
    title: 'replies: every file is readable, has its source and day, and is used by a case',
    run({ directory, cases }) {
      const calls = callNames(directory).map((name) => loadCall(directory, name));
      const used = new Set([...cases, ...calls].flatMap((loaded) => loaded.replyNames));
      for (const name of replyNames(directory)) {
        loadReply(directory, name);
        must(used.has(name), `contract/replies/${name}.json is used by no case`);
      }
    },
  },
  {
    title: `replies: those of a stable destination are at most ${monthsRepliesStayFresh} months old, and none is dated in the future`,
    run({ directory, definition }) {
      const oldest = today();
      oldest.setUTCMonth(oldest.getUTCMonth() - monthsRepliesStayFresh);
      const tomorrow = today().getTime() + 86_400_000;
      for (const name of replyNames(directory)) {
        const { recordedOn } = loadReply(directory, name);
        const recorded = Date.parse(recordedOn);
        must(recorded <= tomorrow, `contract/replies/${name}.json is of ${recordedOn}`);
        const fresh = definition.manifest.stage !== 'stable' || recorded >= oldest.getTime();
        must(fresh, `contract/replies/${name}.json is of ${recordedOn}: record it again`);
      }
    },
  },
];

const hasText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '';
