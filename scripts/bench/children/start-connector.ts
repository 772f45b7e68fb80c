/** The same process with the core and one connector out of the built package, open for events. */
import { pathToFileURL } from 'node:url';
import type { AnyDestination, createRuntime as create } from '../../../core/index.ts';
import type { Footprint } from './start-bare.ts';

const [core = '', folder = ''] = process.argv.slice(2);
const { createRuntime } = (await import(pathToFileURL(core).href)) as { readonly createRuntime: typeof create };
const { default: adroll } = (await import(pathToFileURL(folder).href)) as { readonly default: AnyDestination };
const opened = createRuntime({ destinations: [adroll] }).open('adroll', {
  advertisableEid: 'ADVERTISABLE0000000001',
  pixelEid: 'PIXEL00000000000000001',
  serverAccessToken: 'sat-simulated',
});
if (opened.kind !== 'open') throw new Error('the connection did not open');
const result: Footprint = { rssMb: process.memoryUsage.rss() / 2 ** 20 };
console.log(JSON.stringify(result));
