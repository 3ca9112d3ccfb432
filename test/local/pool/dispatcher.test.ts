import { ApiError } from '../../../functions/predict/errors.ts';
import type { Classification } from '../../../layers/inference/index.ts';
import { createDispatcher, type Worker } from '../../../local/pool/dispatcher.ts';

/** A worker that answers when it is told to, since no real one can be held still. */
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
    held.shift()?.resolve({ probabilities: [0, 1], tokens: 3, dropped: 0, stages: { tokenizeMs: 0, runMs: 1 } });
    await new Promise(setImmediate);
  };
  const fail = async () => {
    held.shift()?.reject(new Error('crashed'));
    await new Promise(setImmediate);
  };
  return { worker, texts, answer, fail };
}

it('gives a worker one text at a time, and the next to whoever is idle first', async () => {
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

it('refuses one text more than may wait', async () => {
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

it('gives nothing more to a worker that was taken out, and what waits to its replacement', async () => {
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

it('refuses what waits when nobody will come', async () => {
  const { classify, refuseWaiting } = createDispatcher(2);
  const waiting = classify('waiting');
  refuseWaiting(new ApiError('MODEL_UNAVAILABLE'));
  await expect(waiting).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
});

it('is drained only when nothing waits and nobody is at work', async () => {
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
