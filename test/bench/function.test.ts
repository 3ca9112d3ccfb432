import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type FirstAnswer, runBareClient, runFirstAnswer, startFunction } from '../../bench/function.ts';
import { readStagesFromS3 } from '../../bench/measurements/cold-start.ts';
import { startShapedS3 } from '../../bench/shaped-s3.ts';
import { samplePath } from '../layers/inference/sample-model.ts';
import { buildCommands } from '../local/built-commands.ts';

const root = process.cwd();
const store = dirname(dirname(dirname(samplePath('model.onnx'))));
const built = buildCommands();

const setting = { root, bundle: built.path('functions/predict/index.mjs'), memoryMb: 1769, text: 'warm and funny' };

function expectAnswer({ startedAt, answeredAt, peakMiB, stages }: FirstAnswer) {
  expect(answeredAt).toBeGreaterThan(startedAt);
  expect(peakMiB).toBeGreaterThan(0);
  for (const stage of ['pointerMs', 'transferMs', 'sessionMs', 'firstRunMs'])
    expect(stages).toHaveProperty(stage, expect.any(Number));
}

test('a cold start from S3 makes the same requests as the bare client, and its stages add up to its time', async () => {
  const s3 = await startShapedS3(root, store, { bytesPerMs: 200_000, firstByteMs: 1 });
  try {
    expect(await runBareClient(root, s3.endpoint, 8)).toBeGreaterThan(0);
    const listRequests = async () => (await s3.takeRequests()).map(({ key, range }) => `${key} ${range}`).sort();
    const bare = await listRequests();
    const answer = await runFirstAnswer({ ...setting, uri: 's3://bucket', env: { AWS_ENDPOINT_URL: s3.endpoint } });
    expectAnswer(answer);
    const requests = await s3.takeRequests();
    expect(requests.map(({ key, range }) => `${key} ${range}`).sort()).toEqual(bare);
    const [asked = 0, pointed = 0, arrived = 0, answered = 0] = Object.values(readStagesFromS3(answer, requests));
    expect(asked + pointed + arrived + answered).toBeCloseTo(answer.answeredAt - answer.startedAt, 3);
  } finally {
    await s3.stop();
  }
});

test('a cold start from disk has stages too', async () => {
  expectAnswer(await runFirstAnswer({ ...setting, uri: `file:${store}` }));
});

test('a cold start from a store without a model throws', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'empty-'));
  await expect(runFirstAnswer({ ...setting, uri: `file:${empty}` })).rejects.toThrow('The function answered 503');
});

test('a warm answer has its time and, as a part of it, the time of the model’s run', async () => {
  const { ask, stop } = await startFunction({ ...setting, uri: `file:${store}` });
  const answers = await ask(['good', 'bad', 'neither']);
  await stop();
  expect(answers).toHaveLength(3);
  for (const { ms, runMs } of answers) {
    expect(runMs).toBeGreaterThan(0);
    expect(ms).toBeGreaterThan(runMs);
  }
});
