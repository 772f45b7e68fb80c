/** The vendors in a process of their own: what they cost is not the worker's. Arguments: latency in ms, then slugs. */
import { startVendors } from './vendors.ts';

const [latency, ...slugs] = process.argv.slice(2);
const vendors = await startVendors(slugs, Number(latency));
process.on('message', (request) => {
  if (request === 'break off') vendors.breakOff();
  else void vendors.ledgers().then((ledgers) => process.send?.(ledgers));
});
process.on('disconnect', () => process.exit());
process.send?.({ origins: vendors.origins, hanging: vendors.hanging });
