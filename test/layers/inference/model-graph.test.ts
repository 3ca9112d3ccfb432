import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readGraph } from '../../../layers/inference/model-graph.ts';
import { openSession } from '../../../layers/inference/session.ts';
import { samplePath } from './sample-model.ts';
import { writeTinyModel } from './tiny-model.ts';

const path = samplePath('model.onnx');
const makeFolder = () => mkdtempSync(join(tmpdir(), 'model-graph-'));
const ids = [101, 2023, 2003, 1996, 2190, 2338, 2412, 102];

/** The logits that ONNX Runtime gives when it reads the file itself. */
async function runWhole(): Promise<number[]> {
  const session = await InferenceSession.create(path, { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1 });
  const tensor = (values: bigint[]) => new Tensor('int64', BigInt64Array.from(values), [1, ids.length]);
  const all = {
    input_ids: tensor(ids.map(BigInt)),
    attention_mask: tensor(ids.map(() => 1n)),
    token_type_ids: tensor(ids.map(() => 0n)),
  };
  const feeds = Object.fromEntries(Object.entries(all).filter(([name]) => session.inputNames.includes(name)));
  const { logits } = await session.run(feeds);
  return Array.from(logits?.data as Float32Array);
}

async function runInPlace(file: string): Promise<number[]> {
  const session = await openSession(file, { threads: 1 });
  const logits = await session.run(ids);
  await session.release();
  return logits;
}

it('leaves the weights in the file and does not change a bit of the answer', async () => {
  expect(readGraph(path).length).toBeLessThan(readFileSync(path).length / 20);
  expect(await runInPlace(path)).toEqual(await runWhole());
});

it('follows a link to the file with the weights', async () => {
  const link = join(makeFolder(), 'linked.onnx');
  symlinkSync(path, link);
  expect(await runInPlace(link)).toEqual(await runInPlace(path));
});

it('leaves a model without large weights as it is', async () => {
  const tiny = await writeTinyModel({ input_ids: [[0, 1]] });
  expect(readGraph(tiny)).toEqual(readFileSync(tiny));
});

it('refuses a file that is cut off, wherever that is', async () => {
  const bytes = readFileSync(path);
  const cut = join(makeFolder(), 'cut.onnx');
  for (const share of [0.0001, 0.003, 0.3, 0.7, 0.9999]) {
    writeFileSync(cut, bytes.subarray(0, Math.floor(bytes.length * share)));
    await expect(openSession(cut, { threads: 1 })).rejects.toThrow(
      /^cannot load the model .*cut\.onnx: byte \d+ begins/,
    );
  }
});
