import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type FirstAnswer, runBareClient, runFirstAnswer } from '../../bench/first-answer.ts';
import { readStagesFromS3 } from '../../bench/parts/cold-start-rows.ts';
import { startShapedS3 } from '../../bench/shaped-s3.ts';
import { samplePath } from '../layers/inference/sample-model.ts';
import { buildCommands } from '../local/built-commands.ts';

const root = process.cwd();
const store = dirname(dirname(dirname(samplePath('model.onnx'))));
const built = buildCommands();
afterAll(() => built.remove());

const question = { bundle: built.path('functions/predict/index.mjs'), memoryMb: 1769, text: 'warm and funny' };

function expectAnswer({ startedAt, answeredAt, peakMiB, stages }: FirstAnswer) {
  expect(answeredAt).toBeGreaterThan(startedAt);
  expect(peakMiB).toBeGreaterThan(0);
  for (const stage of ['pointerMs', 'transferMs', 'sessionMs', 'firstRunMs'])
    expect(stages).toHaveProperty(stage, expect.any(Number));
}

test('a first answer from S3 comes after the same requests as the bare client’s, and its stages fill its time', async () => {
  const s3 = await startShapedS3(root, store, { bytesPerMs: 200_000, firstByteMs: 1 });
  try {
    expect(await runBareClient(root, s3.endpoint, 8)).toBeGreaterThan(0);
    const tell = async () => (await s3.takeRequests()).map(({ key, range }) => `${key} ${range}`).sort();
    const bare = await tell();
    const answer = await runFirstAnswer(root, { ...question, uri: 's3://bucket', endpoint: s3.endpoint });
    expectAnswer(answer);
    const requests = await s3.takeRequests();
    expect(requests.map(({ key, range }) => `${key} ${range}`).sort()).toEqual(bare);
    const [asked = 0, pointed = 0, arrived = 0, answered = 0] = Object.values(readStagesFromS3(answer, requests));
    expect(asked + pointed + arrived + answered).toBeCloseTo(answer.answeredAt - answer.startedAt, 3);
  } finally {
    s3.stop();
  }
}, 60_000);

test('a first answer from disk tells its stages too', async () => {
  expectAnswer(await runFirstAnswer(root, { ...question, uri: `file:${store}` }));
}, 60_000);

test('a start from a store without a model is no measurement', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'empty-'));
  await expect(runFirstAnswer(root, { ...question, uri: `file:${empty}` })).rejects.toThrow(
    'The function answered 503',
  );
}, 60_000);
