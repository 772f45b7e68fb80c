/**
 * `npm run build`, after tsc wrote the declarations: bundles the code, removes declarations that no entry reaches, and
 * puts the template of a new folder, in both its forms, into dist. Contract cases and demo.json stay in the repository:
 * they prove a folder where it is changed, which is here. READMEs and docs are packed from where they lie (`files` in
 * package.json), so that their links lead from one to the other.
 */
import { cp, chmod, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';
import { removeUnreachable } from './declarations.ts';
import { stripTemplate } from './strip-template.ts';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const { exports } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
  exports: Parameters<typeof removeUnreachable>[2];
};
await bundle(root);
await removeUnreachable(root, 'dist', exports);
const template = path.join('core', 'hosts', 'cli', 'new', 'template');
await cp(path.join(root, template), path.join(root, 'dist', template), { recursive: true });
await stripTemplate(path.join(root, template), path.join(root, 'dist', template));
await chmod(path.join(root, 'dist/core/hosts/cli/main.js'), 0o755);
