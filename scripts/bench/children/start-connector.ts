/** The same process with the core and one connector, open for events. */
import 'undici';
import 'zod';
import { createRuntime } from '../../../core/index.ts';
import adroll from '../../../destinations/adroll/index.ts';
import { printFootprint } from './footprint.ts';

const opened = createRuntime({ destinations: [adroll] }).open('adroll', {
  advertisableEid: 'ADVERTISABLE0000000001',
  pixelEid: 'PIXEL00000000000000001',
  serverAccessToken: 'sat-simulated',
});
if (opened.kind !== 'open') throw new Error('the connection did not open');
printFootprint();
