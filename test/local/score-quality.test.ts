import { createTally } from '../../local/score-quality.ts';

const two = ['negative', 'positive'];
const pairOf = (positive: number) => [1 - positive, positive];

it('gives the figures that training/model/metrics.py gives for the same probabilities', () => {
  const tally = createTally(two);
  for (let row = 0; row < 500; row++) {
    const positive = ((row * 7919) % 1000) / 1000;
    tally.add(((row * 104_729 + 17) % 1000) / 1000 < positive ? 'positive' : 'negative', pairOf(positive));
  }
  const { rows, accuracy, f1, ece, confusion } = tally.quality() ?? {};
  expect(rows).toBe(500);
  expect(accuracy).toBeCloseTo(0.77, 12);
  expect(f1).toBeCloseTo(0.7713717693836978, 12);
  expect(ece).toBeCloseTo(0.176212, 12);
  expect(confusion).toEqual([
    [191, 57],
    [58, 194],
  ]);
});

it('gives the figures of three classes, each class against the others', () => {
  const tally = createTally(['negative', 'neutral', 'positive']);
  const counts = [
    ['negative', [0.6, 0.3, 0.1], 6],
    ['negative', [0.3, 0.6, 0.1], 2],
    ['neutral', [0.2, 0.6, 0.2], 5],
    ['neutral', [0.1, 0.3, 0.6], 3],
    ['positive', [0.1, 0.3, 0.6], 3],
    ['positive', [0.6, 0.3, 0.1], 1],
  ] as const;
  for (const [actual, probabilities, rows] of counts)
    for (let row = 0; row < rows; row++) tally.add(actual, probabilities);
  expect(tally.quality()).toMatchObject({
    rows: 20,
    accuracy: 14 / 20,
    // F1 = 2 hits / (actual + answered): 12 / 15, 10 / 15, 6 / 10.
    f1: 0.6,
    macroF1: expect.closeTo((12 / 15 + 10 / 15 + 6 / 10) / 3, 12),
    recall: [6 / 8, 5 / 8, 3 / 4],
    macroRecall: expect.closeTo((6 / 8 + 5 / 8 + 3 / 4) / 3, 12),
    // All answers have the confidence 0.6, and 0.7 of them are right.
    ece: expect.closeTo(0.1, 12),
    confusion: [
      [6, 2, 0],
      [0, 5, 3],
      [1, 0, 3],
    ],
  });
});

it('takes the means over the classes that have rows', () => {
  const tally = createTally(['negative', 'neutral', 'positive']);
  tally.add('neutral', [0.1, 0.8, 0.1]);
  tally.add('positive', [0.1, 0.8, 0.1]);
  tally.add('positive', [0.1, 0.1, 0.8]);
  expect(tally.quality()).toMatchObject({ macroF1: expect.closeTo(2 / 3, 12), macroRecall: 0.75, recall: [0, 1, 0.5] });
});

it('counts a probability of one half as positive', () => {
  const tally = createTally(two);
  tally.add('positive', [0.5, 0.5]);
  expect(tally.quality()).toMatchObject({ accuracy: 1, f1: 1, ece: 0.5 });
});

it('gives perfect figures for certain and right answers', () => {
  const tally = createTally(two);
  tally.add('negative', [1, 0]);
  tally.add('positive', [0, 1]);
  expect(tally.quality()).toMatchObject({
    rows: 2,
    accuracy: 1,
    f1: 1,
    macroF1: 1,
    recall: [1, 1],
    ece: 0,
    confusion: [
      [1, 0],
      [0, 1],
    ],
  });
});

it('gives F1 of 0 without positive rows, and no figures without rows', () => {
  const tally = createTally(two);
  expect(tally.quality()).toBeUndefined();
  tally.add('negative', [0.9, 0.1]);
  expect(tally.quality()).toMatchObject({ accuracy: 1, f1: 0, recall: [1, 0] });
});
