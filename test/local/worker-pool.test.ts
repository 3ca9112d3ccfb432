import { renameSync } from 'node:fs';
import { ApiError } from '../../functions/predict/errors.ts';
import type { Classification, Classifier, ModelSource } from '../../layers/inference/index.ts';
import { createDispatcher, type PoolOptions, startPool, type Worker } from '../../local/worker-pool.ts';
import { createRecord, type LogLine } from '../functions/predict/tiny-service.ts';
import { expectPositive, firstVersion, maxTokens, writeTinyStore } from '../functions/predict/tiny-store.ts';
import { buildCommands } from './built-commands.ts';

describe('a dispatcher', () => {
  /** A fake worker that answers when the test resolves its promise. */
  function createHeldWorker() {
    const texts: string[] = [];
    const held: { resolve(answer: Classification): void; reject(error: Error): void }[] = [];
    const worker: Worker = {
      classify: (text) => {
        texts.push(text);
        return new Promise((resolve, reject) => held.push({ resolve, reject }));
      },
    };
    const answer = async () => {
      const stages = { tokenizeMs: 0, runMs: 1 };
      held.shift()?.resolve({ probabilities: [0, 1], tokens: 3, unknown: 0, dropped: 0, stages });
      await new Promise(setImmediate);
    };
    const fail = async () => {
      held.shift()?.reject(new Error('crashed'));
      await new Promise(setImmediate);
    };
    return { worker, texts, answer, fail };
  }

  it('gives each worker one text at a time, and the next text to the first idle worker', async () => {
    const [first, second] = [createHeldWorker(), createHeldWorker()];
    const { add, classify, drained } = createDispatcher(10);
    add(first.worker);
    add(second.worker);
    const answers = ['a', 'b', 'c', 'd'].map(classify);
    expect([first.texts, second.texts]).toEqual([['a'], ['b']]);
    await second.answer();
    expect([first.texts, second.texts]).toEqual([['a'], ['b', 'c']]);
    await first.answer();
    expect(first.texts).toEqual(['a', 'd']);
    await Promise.all([first.answer(), second.answer()]);
    expect(await Promise.all(answers)).toHaveLength(4);
    await drained();
  });

  it('refuses a text when the queue is full', async () => {
    const { worker, answer } = createHeldWorker();
    const { add, classify } = createDispatcher(2);
    add(worker);
    const answers = ['at work', 'waits', 'waits too'].map(classify);
    await expect(classify('too much')).rejects.toMatchObject({ code: 'OVERLOADED' });
    await answer();
    answers.push(classify('again'));
    for (let left = 3; left > 0; left--) await answer();
    expect(await Promise.all(answers)).toHaveLength(4);
  });

  it('goes on after a failed text', async () => {
    const { worker, texts, answer, fail } = createHeldWorker();
    const { add, classify } = createDispatcher(2);
    add(worker);
    const [bad, good] = [classify('bad'), classify('good')];
    const refused = expect(bad).rejects.toThrow('crashed');
    await fail();
    await refused;
    expect(texts).toEqual(['bad', 'good']);
    await answer();
    expect(await good).toMatchObject({ tokens: 3 });
  });

  it('gives waiting texts to the replacement of a removed worker', async () => {
    const [lost, replacement] = [createHeldWorker(), createHeldWorker()];
    const { add, remove, classify, size } = createDispatcher(2);
    add(lost.worker);
    const [broken, waiting] = [classify('broken'), classify('waiting')];
    remove(lost.worker);
    const refused = expect(broken).rejects.toThrow('crashed');
    await lost.fail();
    await refused;
    expect([lost.texts, size()]).toEqual([['broken'], 0]);
    add(replacement.worker);
    await replacement.answer();
    expect(await waiting).toMatchObject({ tokens: 3 });
  });

  it('refuses the waiting texts on request', async () => {
    const { classify, refuseWaiting } = createDispatcher(2);
    const waiting = classify('waiting');
    refuseWaiting(new ApiError('MODEL_UNAVAILABLE'));
    await expect(waiting).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  });

  it('is drained only when no text waits and no worker is busy', async () => {
    const { worker, answer } = createHeldWorker();
    const { add, classify, drained } = createDispatcher(2);
    add(worker);
    const answers = [classify('a'), classify('b')];
    let done = false;
    const waiting = drained().then(() => {
      done = true;
    });
    await answer();
    expect(done).toBe(false);
    await answer();
    await waiting;
    expect(await Promise.all(answers)).toHaveLength(2);
  });
});

const built = buildCommands();
afterAll(() => built.remove());
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

/** A text that keeps a worker busy long enough for the test to kill it. */
const long = 'good '.repeat(19_999);

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
}, 60_000);

it('uses every worker and leaves no process behind', async () => {
  const { pool, lines } = await start(await createSource());
  const workers = listStarted(lines);
  expect(workers.map(isAlive)).toEqual([true, true]);
  await pool.release();
  expect(workers.map(isAlive)).toEqual([false, false]);
  await expect(pool.classify('good')).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
}, 60_000);

it('answers the texts that it has accepted before it is released', async () => {
  const { pool } = await start(await createSource());
  const answers = Array.from({ length: 6 }, () => pool.classify(long));
  await pool.release();
  expect(await Promise.all(answers)).toHaveLength(6);
}, 60_000);

it('replaces a crashed worker, and fails only the text of that worker', async () => {
  const { pool, lines } = await start(await createSource(), { workers: 1 });
  const [victim = 0] = listStarted(lines);
  const [hit, waiting] = await Promise.allSettled([
    pool.classify(long),
    pool.classify('good'),
    new Promise((resolve) => setTimeout(resolve, 5)).then(() => process.kill(victim, 'SIGKILL')),
  ]);
  expect(hit).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('SIGKILL') } });
  expect(waiting).toMatchObject({ status: 'fulfilled' });
  expect(lines).toContainEqual(
    expect.objectContaining({ message: 'worker ended', reason: expect.stringContaining('SIGKILL') }),
  );
}, 60_000);

it('refuses while no worker can be replaced, and recovers', async () => {
  const source = await createSource();
  const { pool, lines } = await start(source, { workers: 1 });
  renameSync(source.modelPath, `${source.modelPath}.away`);
  const [victim = 0] = listStarted(lines);
  process.kill(victim, 'SIGKILL');
  const until = async (message: string) => {
    while (!lines.some((line) => line.message === message)) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await until('worker not replaced');
  await expect(pool.classify('good')).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
  renameSync(`${source.modelPath}.away`, source.modelPath);
  await until('worker replaced');
  expect(await pool.classify('good')).toMatchObject({ tokens: 3 });
}, 60_000);

it('reports why a model cannot be loaded', async () => {
  const source = await createSource();
  await expect(start({ ...source, modelPath: 'gone.onnx' })).rejects.toThrow(/cannot load the model gone\.onnx/);
}, 60_000);
