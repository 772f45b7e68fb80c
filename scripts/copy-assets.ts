/** After tsc: puts what a published folder has beside its code (README, contract cases) into dist, too. */
import { cp, chmod, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
const from = path.join(root, 'destinations');
const to = path.join(root, 'dist', 'destinations');

await cp(from, to, { recursive: true, filter: (file) => !file.endsWith('.ts') });
await chmod(path.join(root, 'dist/core/hosts/cli/main.js'), 0o755);
console.log(`copied the assets of ${(await readdir(from)).join(', ')}`);
