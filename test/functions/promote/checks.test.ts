import { measureLatency, median, pickTexts } from '../../../functions/promote/checks.ts';

it('takes the middle value', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

it('picks texts from all over the file', () => {
  const texts = Array.from({ length: 100 }, (_, index) => String(index));
  expect(pickTexts(texts, 4)).toEqual(['0', '25', '50', '75']);
  expect(pickTexts(['only'], 4)).toEqual(['only']);
});

it('lets both models run the same texts, in blocks that change places', async () => {
  const asked: string[] = [];
  const model = (name: string) => ({
    classify: async (text: string) => {
      asked.push(`${name} ${text}`);
      return { probabilities: [0, 1], tokens: 3, dropped: 0, stages: { tokenizeMs: 0, runMs: 0 } };
    },
  });
  await measureLatency(model('new'), model('old'), ['a', 'b']);
  expect(asked.slice(0, 8)).toEqual(['new a', 'new b', 'old a', 'old b', 'old a', 'old b', 'new a', 'new b']);
  expect(asked.filter((text) => text.startsWith('new'))).toHaveLength(asked.length / 2);
});
