// One execution environment: the built Lambda function, asked as API Gateway asks. Arguments: its bundle, and the first event.
// Then each line of standard input is an order {"events": […], "pauseMs": N}. What is measured goes to standard output as
// {"measured": …}, among the lines of the function's log.
import { setTimeout as sleep } from 'node:timers/promises';

const [bundle, first] = process.argv.slice(2);
const { handler } = await import(bundle);
const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 29_000 };
const report = (measured) => console.log(JSON.stringify({ measured }));

async function answer(event) {
  const start = performance.now();
  const { statusCode, body } = await handler(event, context);
  if (statusCode !== 200) throw new Error(`The function answered ${statusCode}: ${body}`);
  return performance.now() - start;
}

await answer(JSON.parse(first));
const sinceStart = performance.now();
// maxRSS is in KiB, with the pages of mapped files.
const peakMiB = process.resourceUsage().maxRSS / 1024;
report({ sinceStart, answeredAt: performance.timeOrigin + sinceStart, peakMiB });

// Imported only now: it is no part of a cold start.
const { createInterface } = await import('node:readline');
for await (const line of createInterface({ input: process.stdin })) {
  const { events, pauseMs } = JSON.parse(line);
  const times = [];
  for (const event of events) {
    if (pauseMs) await sleep(pauseMs);
    times.push(await answer(event));
  }
  report({ times });
}
process.exit();
