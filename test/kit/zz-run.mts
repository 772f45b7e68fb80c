import { checkDestination } from './index.ts';
const t0 = Date.now();
let t = t0;
for await (const r of checkDestination(process.argv[2]!)) {
  const n = Date.now();
  if (!r.ok || r.why || n - t > 700)
    console.log(r.ok ? 'ok  ' : 'FAIL', n - t + 'ms', r.title, r.why ? '\n      ' + r.why.slice(0, 900) : '');
  t = n;
}
console.log('total', Date.now() - t0);
