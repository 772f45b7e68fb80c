/** One run of a host; its argument is a job, its message the report. */
import path from 'node:path';
import { loadDestination } from '../../../core/index.ts';
import { accounts } from '../../support/simulators/accounts.ts';
import { runHost } from '../../support/host/run.ts';
import { destinationsFolder } from '../repository.ts';
import type { Job } from './apart.ts';

const { slug, ...job } = JSON.parse(process.argv[2] ?? '') as Job;
const account = accounts.find((one) => one.slug === slug);
if (account === undefined) throw new Error(`no account at ${slug}`);
const folder = path.join(destinationsFolder, slug);
const report = await runHost({ account, destination: await loadDestination(folder), ...job });
process.send?.(report, () => process.disconnect());
