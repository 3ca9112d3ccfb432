import { ApiError } from '../../functions/predict/errors.ts';
import type { Classification } from '../../layers/inference/index.ts';
import { createDispatcher, type Worker, WorkerEndedError } from '../../local/dispatcher.ts';

/** A fake worker that answers when the test resolves its promise. */
function createHeldWorker(lanes?: number) {
  const texts: string[] = [];
  const held: { resolve(answer: Classification): void; reject(error: Error): void }[] = [];
  const worker: Worker = {
    ...(lanes && { lanes }),
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
  /** Ends while it has the texts. */
  const end = async (received = true) => {
    for (const { reject } of held.splice(0)) reject(new WorkerEndedError('killed', { received }));
    await new Promise(setImmediate);
  };
  return { worker, texts, answer, fail, end };
}

/** A dispatcher for one worker, whose `classify` is a request of one text. */
function create(queueDepth: number) {
  const dispatcher = createDispatcher(1 + queueDepth);
  const classify = async (text: string) => {
    const request = dispatcher.open(1);
    return request.classify(text).finally(request.close);
  };
  return { ...dispatcher, classify };
}

it('gives each worker one text at a time, and the next text to the first idle worker', async () => {
  const [first, second] = [createHeldWorker(), createHeldWorker()];
  const { add, classify, drained } = create(10);
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
  const { add, classify } = create(2);
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
  const { add, classify } = create(2);
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
  const { add, remove, classify } = create(2);
  add(lost.worker);
  const [broken, waiting] = [classify('broken'), classify('waiting')];
  remove(lost.worker);
  const refused = expect(broken).rejects.toThrow('crashed');
  await lost.fail();
  await refused;
  expect(lost.texts).toEqual(['broken']);
  add(replacement.worker);
  await replacement.answer();
  expect(await waiting).toMatchObject({ tokens: 3 });
});

it('drops the waiting texts of a request that is closed, and makes room', async () => {
  const { worker, texts, answer } = createHeldWorker();
  const { add, open, waiting } = create(2);
  add(worker);
  const [gone, other] = [open(2), open(1)];
  const [begun, dropped, kept] = [gone.classify('begun'), gone.classify('dropped'), other.classify('kept')];
  gone.close();
  expect(waiting()).toBe(1);
  await expect(dropped).rejects.toMatchObject({ name: 'CallerGoneError' });
  await expect(gone.classify('too late')).rejects.toMatchObject({ name: 'CallerGoneError' });
  open(1);
  open(1);
  expect(() => open(1)).toThrow('Too many requests');
  await answer();
  await answer();
  expect(texts).toEqual(['begun', 'kept']);
  expect(await Promise.all([begun, kept])).toHaveLength(2);
});

it('refuses the waiting texts on request', async () => {
  const { classify, refuseWaiting } = create(2);
  const waiting = classify('waiting');
  refuseWaiting(new ApiError('MODEL_UNAVAILABLE'));
  await expect(waiting).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
});

it('is drained only when no text waits and no worker is busy', async () => {
  const { worker, answer } = createHeldWorker();
  const { add, classify, drained } = create(2);
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

/** Runs one worker until no text waits. Returns the texts in the order in which it got them. */
async function listOrder(fill: (dispatcher: ReturnType<typeof create>) => unknown, queueDepth = 10) {
  const { worker, texts, answer } = createHeldWorker();
  const dispatcher = create(queueDepth);
  dispatcher.add(worker);
  fill(dispatcher);
  while (dispatcher.waiting() > 0) await answer();
  await answer();
  await dispatcher.drained();
  return texts;
}

it('lets requests take turns, a text each', async () => {
  const order = await listOrder(({ open, classify }) => {
    ['a1', 'a2', 'a3', 'a4'].map(open(4).classify);
    classify('b');
    ['c1', 'c2'].map(open(2).classify);
  });
  expect(order).toEqual(['a1', 'a2', 'b', 'c1', 'a3', 'c2', 'a4']);
});

const overloaded = expect.objectContaining({ code: 'OVERLOADED' });

it('lets one list in that has more texts than there are places', async () => {
  const list = ['1', '2', '3', '4', '5'];
  const order = await listOrder(({ open }) => {
    list.map(open(5).classify);
    expect(() => open(5)).toThrow(overloaded);
  }, 2);
  expect(order).toEqual(list);
});

it('counts the texts of lists, also those that have not come to it yet', () => {
  const { add, open } = create(5);
  add(createHeldWorker().worker);
  const first = open(3);
  open(3);
  expect(() => open(2)).toThrow(overloaded);
  first.classify('1');
  expect(() => open(2)).toThrow(overloaded);
  first.close();
  open(2);
});

it('refuses no single text for the texts of a list', async () => {
  const order = await listOrder(({ open, classify }) => {
    ['1', '2', '3', '4'].map(open(4).classify);
    classify('single');
  }, 2);
  expect(order).toEqual(['1', '2', 'single', '3', '4']);
});

describe('a worker that ends', () => {
  it('has its text answered by another worker, before the texts that wait', async () => {
    const [lost, other] = [createHeldWorker(), createHeldWorker()];
    const { add, classify } = create(10);
    add(lost.worker);
    add(other.worker);
    const answers = ['a', 'b', 'c', 'd'].map(classify);
    await lost.end();
    for (let left = 4; left > 0; left--) await other.answer();
    expect(await Promise.all(answers)).toHaveLength(4);
    expect([lost.texts, other.texts]).toEqual([['a'], ['b', 'a', 'c', 'd']]);
  });

  it('has its text wait for the replacement if it was the only one', async () => {
    const [lost, replacement] = [createHeldWorker(), createHeldWorker()];
    const { add, classify, waiting, drained } = create(2);
    add(lost.worker);
    const answer = classify('text');
    await lost.end();
    expect(waiting()).toBe(1);
    const done = drained();
    add(replacement.worker);
    await replacement.answer();
    expect(await answer).toMatchObject({ tokens: 3 });
    await done;
  });

  it('has a text refused that ends a second worker, and no other text', async () => {
    const workers = [createHeldWorker(), createHeldWorker(), createHeldWorker()] as const;
    const { add, classify } = create(2);
    add(workers[0].worker);
    const [bad, good] = [classify('bad'), classify('good')];
    const refused = expect(bad).rejects.toMatchObject({ code: 'MODEL_CRASHED' });
    await workers[0].end();
    add(workers[1].worker);
    await workers[1].end();
    await refused;
    add(workers[2].worker);
    await workers[2].answer();
    expect(await good).toMatchObject({ tokens: 3 });
    expect(workers.map(({ texts }) => texts)).toEqual([['bad'], ['bad'], ['good']]);
  });

  it('does not count a text that it never had', async () => {
    const { add, classify } = create(2);
    const answer = classify('text');
    for (let left = 3; left > 0; left--) {
      const ended = createHeldWorker();
      add(ended.worker);
      await ended.end(false);
    }
    const { worker, answer: answerText } = createHeldWorker();
    add(worker);
    await answerText();
    expect(await answer).toMatchObject({ tokens: 3 });
  });

  it('has several texts run one by one, so that only the one that crashes is refused', async () => {
    const workers = [createHeldWorker(3), createHeldWorker(3), createHeldWorker(3)] as const;
    const { add, classify } = create(5);
    add(workers[0].worker);
    const answers = ['a', 'bad', 'c', 'd'].map(classify);
    const refused = expect(answers[1]).rejects.toMatchObject({ code: 'MODEL_CRASHED' });
    await workers[0].end();
    add(workers[1].worker);
    await workers[1].answer();
    expect(workers[1].texts).toEqual(['a', 'bad']);
    await workers[1].end();
    await refused;
    add(workers[2].worker);
    expect(workers[2].texts).toEqual(['c']);
    await workers[2].answer();
    expect(workers[2].texts).toEqual(['c', 'd']);
    await workers[2].answer();
    expect(await Promise.all([answers[0], answers[2], answers[3]])).toHaveLength(3);
  });

  it('has the text of a caller that has gone dropped', async () => {
    const { worker, end } = createHeldWorker();
    const { add, open, waiting } = create(2);
    add(worker);
    const [gone, lost] = [open(1), open(1)];
    const begun = gone.classify('begun');
    gone.close();
    await Promise.all([expect(begun).rejects.toMatchObject({ name: 'CallerGoneError' }), end()]);
    const next = createHeldWorker();
    add(next.worker);
    const waits = lost.classify('lost');
    await next.end();
    expect(waiting()).toBe(1);
    lost.close();
    expect(waiting()).toBe(0);
    await expect(waits).rejects.toMatchObject({ name: 'CallerGoneError' });
  });

  it('keeps the places of its texts', async () => {
    const { worker, end } = createHeldWorker();
    const { add, open } = create(1);
    add(worker);
    const list = open(2);
    const answers = ['1', '2'].map(list.classify);
    await end();
    open(1);
    expect(() => open(1)).toThrow(overloaded);
    const refused = answers.map((answer) => expect(answer).rejects.toMatchObject({ name: 'CallerGoneError' }));
    list.close();
    await Promise.all(refused);
    open(1);
  });
});
