// The Lambda function as it is built, asked as API Gateway asks. Argument: its bundle. An order is a line of JSON, the texts; for
// each there is `{"ms": …}` after what the function itself writes to standard output, as it does on Lambda.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import type { Handler } from '../../functions/predict/handler.ts';
import { createHttpEvent, lambdaContext } from './http-event.ts';

const [bundle = ''] = process.argv.slice(2);
const { handler }: { handler: Handler } = await import(pathToFileURL(bundle).href);
const say = (report: unknown) => process.stdout.write(`${JSON.stringify(report)}\n`);

async function askOnce(text: string): Promise<void> {
  const event = createHttpEvent(text);
  const started = performance.now();
  const { statusCode } = await handler(event, lambdaContext);
  const ms = performance.now() - started;
  if (statusCode !== 200) throw new Error(`the function answered ${statusCode}`);
  say({ ms });
}

say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  for (const text of JSON.parse(line)) await askOnce(text);
  say({ done: true });
}
process.exit(0);
