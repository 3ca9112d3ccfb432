import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startShapedS3 } from '../../../bench/shaped-s3.ts';
import type { Manifest } from '../../../layers/model-store/index.ts';
import { samplePath } from '../../layers/inference/sample-model.ts';
import { buildCommands } from '../../local/built-commands.ts';
import { createEvent, lambdaContext } from './http-event.ts';

const built = buildCommands();

const stops: (() => void)[] = [];
afterAll(() => {
  for (const stop of stops) stop();
});

/** Start and end, in milliseconds since the process began. */
type Span = readonly [number, number];

const store = dirname(dirname(dirname(samplePath('model.onnx'))));

/** Runs the built function as Lambda's runtime does. */
function startFunction(env: NodeJS.ProcessEnv) {
  const stdio: ('ignore' | 'pipe' | 'inherit' | 'ipc')[] = ['ignore', 'pipe', 'inherit', 'ipc'];
  const child = fork(new URL('./lambda-driver.mjs', import.meta.url), [built.path('functions/predict/index.mjs')], {
    env,
    execArgv: [],
    stdio,
  });
  stops.push(() => child.kill('SIGKILL'));
  return child;
}

/** The next message of a child. Rejects if it ends without one. */
async function receive<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController();
  const abort = () => ended.abort();
  child.once('disconnect', abort);
  try {
    const [message] = await once(child, 'message', { signal: ended.signal });
    return message;
  } finally {
    child.off('disconnect', abort);
  }
}

/** Slow enough that the order of events does not depend on the load of this machine. */
const network = { bytesPerMs: 20_000, firstByteMs: 30 };

async function startCold() {
  const s3 = await startShapedS3(process.cwd(), store, network);
  stops.push(s3.stop);
  const child = startFunction({
    PATH: process.env.PATH,
    ORT_DISABLE_TELEMETRY: '1',
    MODEL_URI: 's3://bucket',
    MODEL_DIRECTORY: mkdtempSync(join(tmpdir(), 'cold-')),
    AWS_ENDPOINT_URL: s3.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    POWERTOOLS_METRICS_NAMESPACE: 'test',
    POWERTOOLS_SERVICE_NAME: 'predict',
    // Two threads, so that one beside the main thread could spin.
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '3538',
  });
  let output = '';
  child.stdout?.on('data', (data) => (output += data));
  expect(await receive(child)).toBe('ready');
  const { awsRequestId } = lambdaContext;
  const ask = async () => {
    child.send({ event: createEvent({ query: 'sentence=good' }), context: { awsRequestId } });
    return receive<unknown>(child);
  };
  const answer = await ask();
  const requests = await s3.takeRequests();
  const { timeline, threads } = JSON.parse(output.split('\n').find((line) => line.includes('model loaded')) ?? '');
  return { child, ask, answer, requests, threads, timeline: timeline as Record<string, Span> };
}

let started: ReturnType<typeof startCold> | undefined;

/** The one cold start that the tests look at. The first test that runs starts it, so that a filter of names starts none. */
function cold() {
  started ??= startCold();
  return started;
}

/** The ranges of the manifest's parts, for both files that serving loads. */
function planRanges({ files, partBytes }: Manifest): string[] {
  const served = files.filter(({ role }) => role === 'model' || role === 'tokenizer');
  return served.flatMap(({ path, bytes, parts }) =>
    parts.map((_, index) => `${path} bytes=${index * partBytes}-${Math.min((index + 1) * partBytes, bytes) - 1}`),
  );
}

it('requests the pointer once, each planned range once, and nothing else', async () => {
  const { answer, requests } = await cold();
  expect(answer).toMatchObject({ statusCode: 200 });
  const { manifest } = JSON.parse(readFileSync(join(store, 'current.json'), 'utf8'));
  const asked = requests.map(({ method, key, range = 'whole' }) => `${method} ${key.split('/').at(-1)} ${range}`);
  expect(asked[0]).toBe('GET current.json whole');
  expect(asked.slice(1).sort()).toEqual(
    planRanges(manifest)
      .map((range) => `GET ${range}`)
      .sort(),
  );
});

it('requests all ranges before the first of them has arrived', async () => {
  const { requests } = await cold();
  const ranges = requests.filter(({ range }) => range);
  const firstEnd = Math.min(...ranges.map(({ lastByteAt }) => lastByteAt));
  for (const { at } of ranges) expect(at).toBeLessThan(firstEnd);
});

it('loads code, library and tokenizer while the model’s bytes arrive, and not before they are requested', async () => {
  const { timeline } = await cold();
  const { pointer = [0, 0], transfer = [0, 0], session = [0, 0], firstRun = [0, 0] } = timeline;
  for (const name of ['code', 'runtime', 'tokenizer']) {
    const [begun, ended] = timeline[name] ?? [0, 0];
    expect(begun).toBeGreaterThan(pointer[1]);
    expect(ended).toBeLessThan(transfer[1]);
  }
  expect(session[0]).toBeGreaterThanOrEqual(transfer[1]);
  expect(firstRun[0]).toBeGreaterThanOrEqual(session[1]);
});

/** Clock ticks (1/100 s) of processor time that each thread of a process has used. */
const readTicks = (pid: number) =>
  new Map(
    readdirSync(`/proc/${pid}/task`).map((thread) => {
      const fields = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      return [thread, Number(fields[11]) + Number(fields[12])];
    }),
  );

/** The most ticks that one thread used within `ms` milliseconds. The thread `but` is not counted. */
async function watchThreads(pid: number, ms: number, but?: number): Promise<number> {
  const before = readTicks(pid);
  await sleep(ms);
  const others = [...readTicks(pid)].filter(([thread]) => thread !== String(but));
  expect(others.length).toBeGreaterThan(2);
  return Math.max(...others.map(([thread, ticks]) => ticks - (before.get(thread) ?? 0)));
}

it('uses no processor time between requests', async () => {
  const { child, ask, threads } = await cold();
  const pid = child.pid ?? 0;
  expect(threads).toBe(2);
  // Between answers: a thread that spins after its work would use all of these pauses.
  let used = 0;
  for (let answer = 0; answer < 20; answer++) {
    await ask();
    used += await watchThreads(pid, 50, pid);
  }
  expect(used).toBeLessThanOrEqual(2);
  // In a long pause the main thread is idle too.
  expect(await watchThreads(pid, 2000)).toBeLessThanOrEqual(1);
});
