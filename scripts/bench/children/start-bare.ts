/** A process that has what any host of ours has, too. */
import 'undici';
import 'zod';
import { printFootprint } from './footprint.ts';

printFootprint();
