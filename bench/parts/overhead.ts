import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Bench } from '../bench.ts';
import { createFunctionEnvironment } from '../function-environment.ts';
import { ownName, type Row } from '../results.ts';
import { summarize } from '../statistics.ts';
import { createTexts } from '../texts.ts';

const tokens = 34;

/** One request: all of it, and the model's share by the function's own log. */
interface Request {
  readonly ms: number;
  readonly runMs: number;
}

/** A line of the function's log, or of engines/lambda.ts around it. */
type Line = Partial<Request> & { readonly message?: string; readonly ready?: boolean; readonly done?: boolean };

interface Function {
  ask(texts: readonly string[]): Promise<readonly Request[]>;
  stop(): Promise<void>;
}

/** Whatever is not JSON is somebody else's. */
function parse(line: string): Line {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

function createReader(child: ChildProcess) {
  if (!child.stdout) throw new Error('the function has no standard output');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (): Promise<Line> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the function ended');
    return parse(value);
  };
}

/** Pairs each answer with the line that the function logged for it. */
async function readRequests(read: () => Promise<Line>): Promise<Request[]> {
  const requests: Request[] = [];
  for (let runMs = Number.NaN; ; ) {
    const line = await read();
    if (line.done) return requests;
    if (line.message === 'request') runMs = line.runMs ?? Number.NaN;
    else if (line.ms !== undefined) requests.push({ ms: line.ms, runMs });
  }
}

/** Starts the function in a process with the environment that Lambda gives it. */
async function startFunction({ places, options }: Bench, store: string): Promise<Function> {
  const env = {
    ...process.env,
    ...createFunctionEnvironment({ uri: `file:${store}`, memoryMb: 3538 }),
    MODEL_THREADS: String(options.threads),
  };
  const child = spawn(process.execPath, [join(places.built, 'engines', 'lambda.mjs'), places.bundle], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const read = createReader(child);
  while (!(await read()).ready);
  return {
    ask: (texts) => {
      child.stdin?.write(`${JSON.stringify(texts)}\n`);
      return readRequests(read);
    },
    stop: async () => {
      child.stdin?.end();
      await once(child, 'close');
    },
  };
}

function toRows(name: string, blocks: readonly (readonly Request[])[]): Row[] {
  const around = blocks.map((block) => block.map(({ ms, runMs }) => ms - runMs));
  const whole = blocks.map((block) => block.map(({ ms }) => ms));
  return [
    { name: `${ownName}, ${name}: around the model's run`, unit: 'ms', ...summarize(around) },
    { name: `${ownName}, ${name}: the whole request`, unit: 'ms', ...summarize(whole) },
  ];
}

/** What a request costs besides the model's run, through the Lambda function: parsing, tokenizing, checking, logging, metrics. */
export async function runOverhead(bench: Bench): Promise<void> {
  const { models, options, progress, words } = bench;
  const count = options.quick ? 50 : 200;
  const stores = [
    { name: 'sample model', store: models.sample.store },
    { name: `BERT-${options.shape}`, store: models.network.store },
  ];
  const running = [];
  for (const { name, store } of stores) {
    running.push({ name, blocks: [] as (readonly Request[])[], lambda: await startFunction(bench, store) });
  }
  progress.begin('Overhead', options.blocks * running.length);
  for (let block = 0; block < options.blocks; block++) {
    for (const { lambda, blocks } of running) {
      await lambda.ask(createTexts(words, tokens, 100));
      blocks.push(await lambda.ask(createTexts(words, tokens, count)));
      progress.step();
    }
  }
  progress.end();
  await Promise.all(running.map(({ lambda }) => lambda.stop()));
  bench.save('overhead', {
    title: 'Around the model’s run',
    about:
      `From an API Gateway event to the answer of the Lambda function, ${tokens} tokens; the model's run, by the function's own log, taken off. ` +
      'Tokenizing, logging and metrics are in it.',
    rows: running.flatMap(({ name, blocks }) => toRows(name, blocks)),
  });
}
