// This machine's ONNX Runtime has no CUDA provider: that of the GPU image alone has one.
import { chooseDevice } from '../../../layers/inference/index.ts';
import { openSession } from '../../../layers/inference/session.ts';
import { writeTinyModel } from './tiny-model.ts';

const missing = 'its CUDA provider or a library of CUDA is missing, as in every image but the one for GPUs';

const choose = async (wanted: 'cpu' | 'cuda' | 'auto') => {
  const reasons: string[] = [];
  return { device: await chooseDevice(wanted, (reason) => void reasons.push(reason)), reasons };
};

it('is the CPU without a word where the CPU is wanted', async () => {
  expect(await choose('cpu')).toEqual({ device: 'cpu', reasons: [] });
});

it('is the CPU with a reason where there is no GPU', async () => {
  expect(await choose('auto')).toEqual({ device: 'cpu', reasons: [missing] });
});

it('fails in one sentence where a GPU is demanded and there is none', async () => {
  await expect(choose('cuda')).rejects.toMatchObject({
    name: 'InferenceError',
    message: `MODEL_DEVICE is cuda, and ONNX Runtime has no GPU here (${missing}); use auto or cpu, or give it one`,
  });
});

it('leaves the CPU usable after a try of the GPU', async () => {
  await choose('auto');
  const session = await openSession(await writeTinyModel({ input_ids: [[1, 2]] }), { threads: 1, device: 'cpu' });
  expect(await session.run([0])).toEqual([1, 2]);
  await session.release();
});
