import type { Bench } from '../bench.ts';
import { type FirstAnswer, runBareClient, runFirstAnswer } from '../first-answer.ts';
import { ownName } from '../results.ts';
import { type Network, type ShapedS3, startShapedS3 } from '../shaped-s3.ts';
import { createText } from '../texts.ts';
import {
  readStagesFromDisk,
  readStagesFromS3,
  type Series,
  type Start,
  toAnswerRows,
  toMemoryRows,
  toStageRows,
} from './cold-start-rows.ts';

const network: Network = { bytesPerMs: 100_000, firstByteMs: 30 };
/** As many as the store's reader opens. */
const connections = 8;
const memoryMb = 1769;
const tokens = 25;

interface Subject {
  readonly at: string;
  start(): Promise<Start>;
}

/** The ways that one model is started. */
function listSubjects({ places: { root, bundle }, words }: Bench, model: string, { store, s3 }: Served): Subject[] {
  const question = { bundle, memoryMb, text: createText(words, tokens, 0) };
  const startFromS3 = async () => {
    const bareMs = await runBareClient(root, s3.endpoint, connections);
    await s3.takeRequests();
    const answer = await runFirstAnswer(root, { ...question, uri: 's3://bucket', endpoint: s3.endpoint });
    return { ...tell(answer), bareMs, stages: readStagesFromS3(answer, await s3.takeRequests()) };
  };
  const startFromDisk = async () => {
    const answer = await runFirstAnswer(root, { ...question, uri: `file:${store}` });
    return { ...tell(answer), stages: readStagesFromDisk(answer) };
  };
  return [
    { at: `${model}, from S3`, start: startFromS3 },
    { at: `${model}, from disk`, start: startFromDisk },
  ];
}

/** A model store's folder and what serves it. */
interface Served {
  readonly store: string;
  readonly s3: ShapedS3;
}

const tell = ({ startedAt, answeredAt, peakMiB }: FirstAnswer) => ({ answerMs: answeredAt - startedAt, peakMiB });

/** By turns; the first round brings the files into memory. */
async function startAll({ options, progress }: Bench, subjects: readonly Subject[]): Promise<Series[]> {
  const rounds = options.quick ? options.blocks : 3 * options.blocks;
  const series = subjects.map(({ at, start }) => ({ at, start, starts: [] as Start[] }));
  progress.begin('Cold start', (rounds + 1) * series.length);
  for (let round = 0; round <= rounds; round++) {
    for (const { start, starts } of series) {
      const figures = await start();
      if (round > 0) starts.push(figures);
      progress.step();
    }
  }
  progress.end();
  return series;
}

async function measure(bench: Bench): Promise<Series[]> {
  const { places, models, options } = bench;
  const served = await Promise.all(
    [
      { model: 'sample', store: models.sample.store },
      { model: `BERT-${options.shape}`, store: models.network.store },
    ].map(async ({ model, store }) => ({ model, store, s3: await startShapedS3(places.root, store, network) })),
  );
  try {
    return await startAll(
      bench,
      served.flatMap(({ model, ...rest }) => listSubjects(bench, model, rest)),
    );
  } finally {
    for (const { s3 } of served) s3.stop();
  }
}

const setting =
  `The Lambda function as built, in a fresh process with a setting of ${memoryMb} MB, asked one text of ${tokens} tokens. S3 is a stand-in ` +
  `behind a network of ${network.bytesPerMs / 1000} MB/s in total and ${network.firstByteMs} ms to the first byte; from disk the files are in memory (page cache).`;

/** From a process's start to its first answer, from S3 and from disk, beside a client that only fetches the same bytes. */
export async function runColdStart(bench: Bench): Promise<void> {
  const series = await measure(bench);
  bench.save('cold-start', {
    title: 'Cold start: process start to first answer',
    about:
      `${setting} The bare client is a Node process that asks for the pointer and for the same ranges, right before ours, and does nothing with ` +
      'the bytes; from disk it would have nothing to do. What Lambda itself adds is not in it.',
    ratioName: `${ownName} ÷ bare client`,
    rows: toAnswerRows(series),
  });
  bench.save('cold-start-stages', {
    title: 'Stages of a cold start',
    about:
      `${setting} The first four follow each other, seen from the store; session and first run, by the function's own log, are part of ` +
      'the fourth. While the bytes arrive or are verified, code, library and tokenizer are loaded on the same thread.',
    rows: toStageRows(series),
  });
  bench.save('cold-start-memory', {
    title: 'Peak memory of a cold start',
    about: `${setting} Resident memory until the first answer, pages of the mapped model file included.`,
    rows: toMemoryRows(series),
  });
}
