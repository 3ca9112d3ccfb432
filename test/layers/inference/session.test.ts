import { openSession } from '../../../layers/inference/session.ts';
import { writeTinyModel } from './tiny-model.ts';

const table = [
  [0, 0],
  [1, -1],
  [2, 4],
];
const one = { threads: 1 };

it('returns the logits of one sequence', async () => {
  const session = await openSession(await writeTinyModel({ input_ids: table }), one);
  expect(await session.run([1, 2])).toEqual([1.5, 1.5]);
  expect(await session.run([2])).toEqual([2, 4]);
  await session.release();
});

it('feeds a mask of ones and, to a model that has the input, token types of zeros', async () => {
  const mask = [
    [100, 100],
    [10, 20],
  ];
  const types = [
    [0.5, 0.25],
    [100, 100],
  ];
  const model = await writeTinyModel({ input_ids: table, attention_mask: mask, token_type_ids: types });
  const session = await openSession(model, one);
  expect(await session.run([1, 2])).toEqual([12, 21.75]);
  await session.release();
});

it('returns the logits of each sequence of a batch', async () => {
  const mask = [
    [100, 100],
    [10, 20],
  ];
  const session = await openSession(await writeTinyModel({ input_ids: table, attention_mask: mask }), one);
  const rows = [
    [1, 2],
    [2, 2],
    [0, 0],
  ];
  const answers = await session.runBatch(rows);
  expect(answers).toEqual([await session.run([1, 2]), await session.run([2, 2]), await session.run([0, 0])]);
  await session.release();
});

it('names the model that is missing, damaged or not a text classifier', async () => {
  await expect(openSession('no/such/model.onnx', one)).rejects.toThrow(
    /^cannot load the model no\/such\/model\.onnx: /,
  );
  await expect(openSession('package.json', one)).rejects.toMatchObject({ name: 'InferenceError' });
  const picture = await writeTinyModel({ pixel_values: table });
  await expect(openSession(picture, one)).rejects.toThrow(/asks for pixel_values, which is no input of BERT/);
  const unnamed = await writeTinyModel({ input_ids: table }, 'scores');
  await expect(openSession(unnamed, one)).rejects.toThrow(/has no output logits/);
  const noIds = await writeTinyModel({ attention_mask: table });
  await expect(openSession(noIds, one)).rejects.toThrow(/has no input input_ids/);
});

it('rejects an id that the model does not know', async () => {
  const session = await openSession(await writeTinyModel({ input_ids: table }), one);
  await expect(session.run([7])).rejects.toThrow(/out of data bounds/);
  await session.release();
});
