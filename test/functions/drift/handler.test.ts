import { readCounts } from '../../../functions/drift/counts.ts';
import { createHandler } from '../../../functions/drift/handler.ts';
import { measureDrift } from '../../../functions/drift/measurement.ts';
import { openModelStore } from '../../../layers/model-store/index.ts';
import type { CountedPrediction } from '../../../layers/prediction/index.ts';
import type { Measure, Message } from '../../../layers/telemetry/index.ts';
import { createRecord } from '../predict/tiny-service.ts';
import { firstVersion, writeTinyStore } from '../predict/tiny-store.ts';
import { answer, client, putCounts, shiftedTexts, usualTexts, writeStore } from './answered-texts.ts';

const source = { client, namespace: 'serverless-bert/dev', services: ['predict', 'stream', 'bulk'] };
const hourMs = 3_600_000;

let usual: readonly CountedPrediction[];
let shifted: readonly CountedPrediction[];
beforeAll(async () => {
  [usual, shifted] = [await answer(usualTexts), await answer(shiftedTexts)];
});

type Train = () => Promise<string | undefined>;

/** The function at a time, with all that it does. */
function createDrift(folder: string, now: Date, train?: Train) {
  const measures: Measure[] = [];
  const messages: Message[] = [];
  const { lines, log } = createRecord();
  const handler = createHandler({
    measure: () =>
      measureDrift({
        store: openModelStore(`file://${folder}`),
        modelVersion: undefined,
        leastAnswers: 500,
        now,
        read: (names, period) => readCounts(source, names, period),
      }),
    limit: 0.25,
    train,
    notify: async (message) => void messages.push(message),
    meter: { record: (recorded) => void measures.push(...recorded) },
    log,
  });
  const indices = () => Object.fromEntries(measures.map(({ name, value }) => [name, value]));
  return { handler, indices, messages, lines };
}

// Each test has a day of its own in CloudWatch.
const day = (number: number) => new Date(Date.UTC(2026, 10, number, 0, 15));
const before = (now: Date, hours: number) => new Date(now.getTime() - hours * hourMs);

it('records low indices and tells nobody while callers send the same texts, through any of the functions', async () => {
  const now = day(3);
  await putCounts(usual, { service: 'predict', at: before(now, 20), times: 70 });
  await putCounts(usual, { service: 'stream', at: before(now, 3), times: 50 });
  const { handler, indices, messages } = createDrift(await writeStore(usual, 400), now);
  expect(await handler()).toMatchObject({ kind: 'measured', version: firstVersion, answers: 600 });
  const { PsiScore, PsiClass, PsiLength, PsiUnknown, ...others } = indices();
  expect(others).toEqual({});
  for (const index of [PsiScore, PsiClass, PsiLength, PsiUnknown]) expect(index).toBeLessThan(0.1);
  expect(messages).toEqual([]);
});

it("records an index above the alarm's limit and says which feature has moved, when callers send other texts", async () => {
  const now = day(6);
  await putCounts(shifted, { service: 'predict', at: before(now, 5), times: 200 });
  const { handler, indices, messages } = createDrift(await writeStore(usual, 400), now);
  await handler();
  expect(Object.values(indices()).every((index) => index > 0.25)).toBe(true);
  expect(messages).toEqual([
    {
      subject: expect.stringContaining("Callers' texts have drifted: score, class, length, unknown"),
      text: expect.stringMatching(
        /^The 600 answers .* model 20260101T000000Z-aaaaaaa\.\n.*\n(- .*\n)*- class \d+\.\d+: 40 %, 60 % on the validation rows, 0 %, 100 % now\n(- .*\n)*No training was started: retrainOnDrift is off\.$/,
      ),
    },
  ]);
});

it('measures nothing from fewer answers than it is told', async () => {
  const now = day(9);
  await putCounts(shifted, { service: 'predict', at: before(now, 5), times: 100 });
  const { handler, indices, messages } = createDrift(await writeStore(usual, 400), now);
  expect(await handler()).toEqual({ kind: 'too few answers', version: firstVersion, answers: 300 });
  expect([indices(), messages]).toEqual([{}, []]);
});

it('leaves out what an earlier version answered on the day of a promotion', async () => {
  // The tiny store's version became current at the beginning of 3 January 2026.
  const now = new Date('2026-01-03T08:15:00Z');
  await putCounts(shifted, { service: 'predict', at: before(now, 10), times: 200 });
  await putCounts(usual, { service: 'predict', at: before(now, 4), times: 100 });
  const { handler, indices } = createDrift(await writeStore(usual, 400), now);
  expect(await handler()).toMatchObject({ kind: 'measured', answers: 500 });
  expect(Math.max(...Object.values(indices()))).toBeLessThan(0.1);
});

it('says once that a version has no histograms, on the day after its promotion', async () => {
  const folder = await writeTinyStore();
  const first = createDrift(folder, new Date('2026-01-03T12:00:00Z'));
  expect(await first.handler()).toMatchObject({ kind: 'no histograms' });
  expect(first.messages).toEqual([{ subject: 'Drift is not measured', text: expect.stringContaining(firstVersion) }]);
  const later = createDrift(folder, day(12));
  await later.handler();
  expect([later.indices(), later.messages]).toEqual([{}, []]);
  expect(later.lines).toMatchObject([{ message: 'drift considered', kind: 'no histograms' }]);
});

describe('where drift starts training', () => {
  it.each<[string, Train, string]>([
    ['that it has started', async () => 'run-1', 'A training run was started.'],
    ['that there was a run lately', async () => undefined, 'drift has started one within the last week.'],
    ['that the run was not taken', () => Promise.reject(new Error('no queue')), 'the log says why.'],
  ])('the message says %s', async (_what, train, sentence) => {
    const now = day(6);
    const { handler, messages } = createDrift(await writeStore(usual, 400), now, train);
    await handler();
    expect(messages[0]?.text).toContain(sentence);
  });
});
