/**
 * After tsc: puts what a published folder has beside its code (README, contract cases) into dist, too, and the template
 * of a new folder in both its forms.
 */
import { cp, chmod, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripTemplate } from './strip-template.ts';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
const from = path.join(root, 'destinations');
const to = path.join(root, 'dist', 'destinations');

await cp(from, to, { recursive: true, filter: (file) => !file.endsWith('.ts') });
const template = path.join('core', 'hosts', 'cli', 'new', 'template');
await cp(path.join(root, template), path.join(root, 'dist', template), { recursive: true });
await stripTemplate(path.join(root, template), path.join(root, 'dist', template));
await chmod(path.join(root, 'dist/core/hosts/cli/main.js'), 0o755);
console.log(`copied the assets of ${(await readdir(from)).join(', ')}`);
