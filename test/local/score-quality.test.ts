import { createTally } from '../../local/score-quality.ts';

it('gives the figures that training/model/metrics.py gives for the same probabilities', () => {
  const tally = createTally();
  for (let row = 0; row < 500; row++) {
    const positive = ((row * 7919) % 1000) / 1000;
    tally.add(((row * 104_729 + 17) % 1000) / 1000 < positive ? 'positive' : 'negative', positive);
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

it('counts a probability of one half as positive', () => {
  const tally = createTally();
  tally.add('positive', 0.5);
  expect(tally.quality()).toMatchObject({ accuracy: 1, f1: 1, ece: 0.5 });
});

it('gives perfect figures for certain and right answers', () => {
  const tally = createTally();
  tally.add('negative', 0);
  tally.add('positive', 1);
  expect(tally.quality()).toEqual({
    rows: 2,
    accuracy: 1,
    f1: 1,
    ece: 0,
    confusion: [
      [1, 0],
      [0, 1],
    ],
  });
});

it('gives F1 of 0 without positive rows, and no figures without rows', () => {
  const tally = createTally();
  expect(tally.quality()).toBeUndefined();
  tally.add('negative', 0.1);
  expect(tally.quality()).toMatchObject({ accuracy: 1, f1: 0 });
});
