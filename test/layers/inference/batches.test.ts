import { createBatches } from '../../../layers/inference/batches.ts';
import { openSession } from '../../../layers/inference/session.ts';
import { writeTinyModel } from './tiny-model.ts';

const table = [
  [0, 0],
  [1, -1],
  [2, 4],
];

/** Batches whose runs are kept. The logits of a row are its ids. */
function record(largest: number) {
  const runs: (readonly (readonly number[])[])[] = [];
  const batches = createBatches(async (rows) => {
    runs.push(rows);
    if (rows.some((row) => row.includes(13))) throw new Error('13');
    return rows;
  }, largest);
  return { runs, ...batches };
}

it('runs texts of one length together, each length in the order of its first text', async () => {
  const { runs, run } = record(32);
  const texts = [[1, 1], [2], [3, 3], [4], [5, 5, 5]];
  const answers = await Promise.all(texts.map(run));
  expect(answers.map(({ logits }) => logits)).toEqual(texts);
  expect(runs).toEqual([
    [
      [1, 1],
      [3, 3],
    ],
    [[2], [4]],
    [[5, 5, 5]],
  ]);
});

it('runs no more texts at once than a batch takes', async () => {
  const { runs, run } = record(2);
  await Promise.all([1, 2, 3, 4, 5].map((id) => run([id])));
  expect(runs).toEqual([[[1], [2]], [[3], [4]], [[5]]]);
});

it('gives all texts of a run its time, and fails them alone if it fails', async () => {
  const { run, settled } = record(32);
  const [bad, beside, other] = await Promise.allSettled([run([13]), run([1]), run([1, 2])]);
  expect([bad?.status, beside?.status]).toEqual(['rejected', 'rejected']);
  expect(other).toMatchObject({ status: 'fulfilled', value: { logits: [1, 2], runMs: expect.any(Number) } });
  await settled();
  await expect(run([2])).resolves.toMatchObject({ logits: [2] });
});

it('answers as single runs do', async () => {
  const session = await openSession(await writeTinyModel({ input_ids: table }), { threads: 1 });
  const { run } = createBatches(session.runBatch, 4);
  const texts = [[1, 2], [2], [0, 1], [2, 2], [1], [1, 1], [0, 0], [2, 1, 0]];
  const answers = await Promise.all(texts.map(run));
  for (const [index, ids] of texts.entries()) expect(answers[index]?.logits).toEqual(await session.run(ids));
  await session.release();
});
