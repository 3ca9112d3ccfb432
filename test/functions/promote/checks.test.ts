import { measureLatency, median, pickTexts } from '../../../functions/promote/checks.ts';

it('computes the median', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

it('picks texts at equal distances over the whole file', () => {
  const texts = Array.from({ length: 100 }, (_, index) => String(index));
  expect(pickTexts(texts, 4)).toEqual(['0', '25', '50', '75']);
  expect(pickTexts(['only'], 4)).toEqual(['only']);
});

it('runs the same texts with both models, in alternating blocks', async () => {
  const asked: string[] = [];
  const model = (name: string) => ({
    classify: async (text: string) => {
      asked.push(`${name} ${text}`);
      return { probabilities: [0, 1], tokens: 3, unknown: 0, dropped: 0, stages: { tokenizeMs: 0, runMs: 0 } };
    },
  });
  await measureLatency(model('new'), model('old'), ['a', 'b']);
  expect(asked.slice(0, 8)).toEqual(['new a', 'new b', 'old a', 'old b', 'old a', 'old b', 'new a', 'new b']);
  expect(asked.filter((text) => text.startsWith('new'))).toHaveLength(asked.length / 2);
});
