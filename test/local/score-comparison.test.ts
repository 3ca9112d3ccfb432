import { createComparison } from '../../local/score-comparison.ts';

const two = ['negative', 'positive'];
/** Not in alphabetical order, as a manifest may have them. */
const three = ['positive', 'negative', 'neutral'];

function describe(classes: readonly string[], rows: readonly (readonly [string, readonly number[]])[]): string[] {
  const comparison = createComparison(classes);
  for (const [actual, probabilities] of rows) comparison.add(actual, probabilities);
  return comparison.describe().split('\n');
}

it('reports a model of three classes on all of them where a row is neutral', () => {
  const lines = describe(three, [
    ['neutral', [0.1, 0.2, 0.7]],
    ['neutral', [0.5, 0.1, 0.4]],
    ['positive', [0.8, 0.1, 0.1]],
    ['negative', [0.1, 0.8, 0.1]],
  ]);
  expect(lines).toEqual([
    'Accuracy 75.00 %, macro-F1 77.78 %, macro recall 83.33 %, ECE 0.3000 on 4 labelled rows.',
    '                    negative   neutral  positive  <- the model says',
    '  is negative              1         0         0  recall 100.00 %',
    '  is neutral               0         1         1  recall 50.00 %',
    '  is positive              0         0         1  recall 100.00 %',
  ]);
});

it('reports it on positive against negative where no row is neutral, and how often it answered neutral', () => {
  const lines = describe(three, [
    ['positive', [0.3, 0.1, 0.6]],
    ['negative', [0.1, 0.2, 0.7]],
    ['negative', [0.6, 0.3, 0.1]],
    ['good', [0.6, 0.3, 0.1]],
  ]);
  expect(lines).toEqual([
    expect.stringMatching(/^Accuracy 66\.67 %, F1 66\.67 %, ECE 0\.\d{4} on 3 labelled rows\.$/),
    '                    negative  positive  <- the model says',
    '  is negative              1         1',
    '  is positive              0         1',
    'No row is labelled neutral: the figures weigh positive against negative. 2 rows were answered neutral.',
    'Not in the figures, because their label is none of negative, neutral, positive: "good" (1 rows).',
  ]);
});

it('leaves neutral rows out of the figures of a model of two classes', () => {
  const lines = describe(two, [
    ['neutral', [0.2, 0.8]],
    ['positive', [0.2, 0.8]],
  ]);
  expect(lines[0]).toBe('Accuracy 100.00 %, F1 100.00 %, ECE 0.2000 on 1 labelled rows.');
  expect(lines.at(-1)).toBe(
    'Not in the figures, because their label is none of negative, positive: "neutral" (1 rows).',
  );
});

it('says that no row can be compared', () => {
  expect(describe(three, [['', [0.2, 0.7, 0.1]]])[0]).toBe('No row has a sentiment to compare with.');
});
