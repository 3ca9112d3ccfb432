import {
  createAnswerRows,
  createMemoryRows,
  createStageRows,
  readStagesFromS3,
  type Starts,
} from '../../../bench/measurements/cold-start.ts';

const answer = {
  startedAt: 1000,
  answeredAt: 1500,
  sinceStart: 500,
  peakMiB: 200,
  stages: { pointerMs: 40, transferMs: 300, sessionMs: 60, firstRunMs: 5 },
};
const requests = [
  { method: 'GET', key: 'current.json', at: 1050, lastByteAt: 1082 },
  { method: 'GET', key: 'versions/one/model.onnx', range: 'bytes=0-9', at: 1092, lastByteAt: 1400 },
  { method: 'GET', key: 'versions/one/tokenizer.json', range: 'bytes=0-4', at: 1090, lastByteAt: 1300 },
];

test('the stages of a cold start from S3 follow each other from the process’s start to the answer', () => {
  const stages = readStagesFromS3(answer, requests);
  expect(stages).toEqual({
    'process start to pointer asked': 50,
    'pointer asked to first range asked': 40,
    'first range asked to last byte': 310,
    'last byte to answer': 100,
    session: 60,
    'first run': 5,
  });
});

test.each([
  ['the pointer', requests.slice(1)],
  ['a range', requests.slice(0, 1)],
])('a cold start from S3 that never asked for %s throws', (_, seen) => {
  expect(() => readStagesFromS3(answer, seen)).toThrow('without asking the store for its model');
});

const series: Starts[] = [
  {
    at: 'sample, from S3',
    starts: [
      { answerMs: 400, bareMs: 300, peakMiB: 130, stages: { pointer: 40, session: 30 } },
      { answerMs: 900, bareMs: 600, peakMiB: 150, stages: { pointer: 60, session: 30 } },
      { answerMs: 440, bareMs: 400, peakMiB: 140, stages: { pointer: 41, session: 30 } },
    ],
  },
  { at: 'sample, from disk', starts: [{ answerMs: 200, peakMiB: 120, stages: { session: 35 } }] },
];

test('each cold start is compared with the bare client that ran right before it', () => {
  const [bare, ours, disk, ...others] = createAnswerRows(series);
  expect(others).toEqual([]);
  expect(bare).toMatchObject({ name: 'bare client: the bytes alone', p50: 400, blocks: [300, 600, 400] });
  // 4/3, 3/2 and 1.1; the ratio of the medians would be 1.1.
  expect(ours).toMatchObject({ name: 'this project', at: 'sample, from S3', unit: 'ms', p50: 440, ratio: 4 / 3 });
  expect(disk).toMatchObject({ name: 'this project', at: 'sample, from disk', p50: 200 });
  expect(disk).not.toHaveProperty('ratio');
});

test('stages and memory have rows for each kind of cold start', () => {
  const stages = createStageRows(series).map(({ name, at, p50 }) => [name, at, p50]);
  expect(stages).toEqual([
    ['pointer', 'sample, from S3', 41],
    ['session', 'sample, from S3', 30],
    ['session', 'sample, from disk', 35],
  ]);
  expect(createMemoryRows(series).map(({ name, unit, p50 }) => [name, unit, p50])).toEqual([
    ['this project, sample, from S3', 'MiB', 140],
    ['this project, sample, from disk', 'MiB', 120],
  ]);
});
