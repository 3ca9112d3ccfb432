// A function's process under a limit: starts, tells when it has answered for the first time, then answers again and again with a
// pause before each, and tells how long each answer took. Lines of JSON on standard error; BUNDLE, EVENT, COUNT, PAUSE in ms.
import { setTimeout as sleep } from 'node:timers/promises';

const [bundle, event, count, pauseMs] = process.argv.slice(2);
const report = (message) => process.stderr.write(`${JSON.stringify(message)}\n`);
const { handler } = await import(bundle);
const request = JSON.parse(event);
const context = { awsRequestId: 'memory', getRemainingTimeInMillis: () => 29_000 };

async function answer() {
  const start = performance.now();
  const { statusCode, body } = await handler(request, context);
  if (statusCode !== 200) throw new Error(`the function answered ${statusCode}: ${body}`);
  return performance.now() - start;
}

await answer();
report({ firstMs: performance.now() });
const times = [];
for (let index = 0; index < Number(count); index++) {
  await sleep(Number(pauseMs));
  times.push(await answer());
}
report({ times, peakMiB: process.resourceUsage().maxRSS / 1024 });
process.exit();
