import { readFileSync, renameSync } from 'node:fs';
import type { Classifier, ModelSource } from '../../layers/inference/index.ts';
import { type PoolOptions, startPool } from '../../local/worker-pool.ts';
import { startWorker } from '../../local/worker-process.ts';
import { createRecord, type LogLine } from '../functions/predict/tiny-service.ts';
import { expectPositive, firstVersion, maxTokens, writeTinyStore } from '../functions/predict/tiny-store.ts';
import { buildCommands } from './built-commands.ts';

const built = buildCommands();
const workerPath = built.path('local/worker.mjs');

async function createSource(): Promise<ModelSource> {
  const folder = `${await writeTinyStore()}/versions/${firstVersion}`;
  const files = { modelPath: `${folder}/model.onnx`, tokenizerPath: `${folder}/tokenizer.json` };
  return { ...files, labels: ['negative', 'positive'], maxTokens, temperature: 1 };
}

const pools: Classifier[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.release();
});

async function start(source: ModelSource, options: Partial<PoolOptions> = {}) {
  const { lines, log } = createRecord();
  const pool = await startPool(source, {
    workerPath,
    workers: 2,
    threads: 1,
    queueDepth: 100,
    log,
    retryMs: 50,
    ...options,
  });
  pools.push(pool);
  return { pool, lines };
}

/** Process ids of the pool's workers, from its log. */
const listStarted = (lines: readonly LogLine[]) =>
  lines.filter(({ message }) => message === 'worker started').map(({ pid }) => Number(pid));

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A text that keeps a worker busy for a third of a second, so that the test kills it meanwhile. */
const long = 'good '.repeat(300_000);

it('gives the answers of a classifier in this process', async () => {
  const { pool } = await start(await createSource());
  const answers = await Promise.all(Array.from({ length: 20 }, () => pool.classify('a good book')));
  for (const { probabilities, tokens, dropped } of answers) {
    expect({ tokens, dropped }).toEqual({ tokens: 5, dropped: 0 });
    expect(probabilities[1]).toBeCloseTo(expectPositive({ good: 1, tokens: 5 }), 6);
  }
  expect(pool.labels).toEqual(['negative', 'positive']);
  expect(pool.maxTokens).toBe(maxTokens);
  expect(await pool.countTokens(['a good book', ''])).toEqual([
    { tokens: 3, unknown: 0 },
    { tokens: 0, unknown: 0 },
  ]);
});

it('has workers that keep several texts apart', async () => {
  const worker = await startWorker(workerPath, { source: await createSource(), threads: 1 });
  const texts = ['a good book', 'bad', 'good', '', 'the best book ever'];
  const answers = await Promise.all(texts.map(worker.classify));
  expect(answers.map(({ tokens }) => tokens)).toEqual([5, 3, 3, 2, 6]);
  await worker.stop();
});

it('lets a request of several texts take turns with others, and closes it', async () => {
  const { pool } = await start(await createSource(), { workers: 1, queueDepth: 1 });
  const list = pool.forRequest?.(3, new AbortController().signal);
  const order: string[] = [];
  const note = (name: string) => () => order.push(name);
  const answers = ['1', '2', '3'].map((name) => list?.classify('good').then(note(name)));
  const single = pool.classify('good').then(note('single'));
  await Promise.all([...answers, single]);
  expect(order).toEqual(['1', '2', 'single', '3']);
  await list?.release();
  expect(await pool.classify('good')).toMatchObject({ tokens: 3 });
  expect(pool.countWaiting?.()).toBe(0);
});

it('drops the texts of a request whose client has gone', async () => {
  const { pool } = await start(await createSource(), { workers: 1 });
  const gone = new AbortController();
  const list = pool.forRequest?.(2, gone.signal);
  const [begun, dropped] = ['good', 'bad'].map((text) => list?.classify(text));
  gone.abort();
  await expect(dropped).rejects.toMatchObject({ name: 'CallerGoneError' });
  expect(pool.countWaiting?.()).toBe(0);
  expect(await begun).toMatchObject({ tokens: 3 });
  await expect(pool.forRequest?.(1, gone.signal).classify('good')).rejects.toMatchObject({ name: 'CallerGoneError' });
});

it('uses every worker and leaves no process behind', async () => {
  const { pool, lines } = await start(await createSource());
  const workers = listStarted(lines);
  expect(workers.map(isAlive)).toEqual([true, true]);
  await pool.release();
  expect(workers.map(isAlive)).toEqual([false, false]);
  await expect(pool.classify('good')).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
});

it('answers the texts that it has accepted before it is released', async () => {
  const { pool } = await start(await createSource());
  const answers = Array.from({ length: 6 }, () => pool.classify(long));
  await pool.release();
  expect(await Promise.all(answers)).toHaveLength(6);
});

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Kills the worker that started last, a moment after the text was sent. */
async function kill(lines: readonly LogLine[], delay = 5): Promise<void> {
  await wait(delay);
  process.kill(listStarted(lines).at(-1) ?? 0, 'SIGKILL');
}

async function waitForLine(lines: readonly LogLine[], message: string, times = 1): Promise<void> {
  while (lines.filter((line) => line.message === message).length < times) await wait(5);
}

it.each([1, 2])('answers the text of a worker that is killed, with %i worker(s)', async (workers) => {
  const { pool, lines } = await start(await createSource(), { workers });
  const answers = [...Array.from({ length: workers }, () => long), 'good'].map(pool.classify);
  await kill(lines);
  expect((await Promise.all(answers)).map(({ tokens }) => tokens)).toEqual([...Array(workers).fill(maxTokens), 3]);
  expect(lines).toContainEqual(
    expect.objectContaining({ message: 'worker ended', reason: expect.stringContaining('SIGKILL') }),
  );
  await waitForLine(lines, 'worker replaced');
});

it('answers a text although the replacement is killed while it starts', async () => {
  const { pool, lines } = await start(await createSource(), { workers: 1, retryMs: 600_000 });
  const answer = pool.classify(long);
  await kill(lines);
  await waitForLine(lines, 'worker ended');
  const children = `/proc/${process.pid}/task/${process.pid}/children`;
  const starting = () => readFileSync(children, 'utf8').split(' ').filter(Boolean).map(Number);
  while (starting().length === 0) await wait(1);
  for (const pid of starting()) process.kill(pid, 'SIGKILL');
  await waitForLine(lines, 'worker not replaced');
  expect(await answer).toMatchObject({ tokens: maxTokens });
});

it('refuses a text that ends two workers, and answers the others', async () => {
  const { pool, lines } = await start(await createSource(), { workers: 1 });
  const list = pool.forRequest?.(2, new AbortController().signal);
  const refused = expect(list?.classify(long)).rejects.toMatchObject({ code: 'MODEL_CRASHED' });
  const good = list?.classify('good');
  await kill(lines);
  await waitForLine(lines, 'worker started', 2);
  await kill(lines);
  await refused;
  expect(await good).toMatchObject({ tokens: 3 });
  expect(lines).toContainEqual(
    expect.objectContaining({
      message: 'text refused after the workers that had it ended',
      error: expect.objectContaining({ cause: expect.objectContaining({ name: 'WorkerEndedError' }) }),
    }),
  );
});

it('answers the text of a worker that is killed while the pool closes, and leaves no process behind', async () => {
  const { pool, lines } = await start(await createSource(), { workers: 1 });
  const answer = pool.classify(long);
  const released = pool.release();
  await kill(lines);
  expect(await answer).toMatchObject({ tokens: maxTokens });
  await released;
  expect(listStarted(lines).map(isAlive)).toEqual([false, false]);
});

it('answers every text while workers are killed again and again', async () => {
  const { pool, lines } = await start(await createSource());
  let done = false;
  const texts = Array.from({ length: 6 }, async () => {
    while (!done) expect(await pool.classify('a good book')).toMatchObject({ tokens: 5 });
  });
  for (let kills = 1; kills <= 5; kills++) {
    await kill(lines, 20);
    await waitForLine(lines, 'worker replaced', kills);
  }
  done = true;
  await Promise.all(texts);
  expect(lines.filter(({ message }) => message === 'worker ended')).toHaveLength(5);
});

it('refuses while no worker can be replaced, and recovers', async () => {
  const source = await createSource();
  const { pool, lines } = await start(source, { workers: 1 });
  renameSync(source.modelPath, `${source.modelPath}.away`);
  const [victim = 0] = listStarted(lines);
  process.kill(victim, 'SIGKILL');
  await waitForLine(lines, 'worker not replaced');
  await expect(pool.classify('good')).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  renameSync(`${source.modelPath}.away`, source.modelPath);
  await waitForLine(lines, 'worker replaced');
  expect(await pool.classify('good')).toMatchObject({ tokens: 3 });
});

it('reports why a model cannot be loaded', async () => {
  const source = await createSource();
  await expect(start({ ...source, modelPath: 'gone.onnx' })).rejects.toThrow(/cannot load the model gone\.onnx/);
});
