import { scoreRecord } from '../../../layers/prediction/index.ts';
import { loadTiny } from '../../functions/predict/tiny-service.ts';
import { expectPositive, firstVersion } from '../../functions/predict/tiny-store.ts';

const model = await loadTiny();
afterAll(() => model.classifier.release());
const now = new Date('2026-11-28T09:12:44.031Z');

describe('the result of a record', () => {
  it('has its id, the prediction, the model, the time, and the further fields, in this order', async () => {
    const result = await scoreRecord(
      model,
      { id: '17', text: 'a good book', user: 'ann', tags: [1, { deep: true }] },
      now,
    );
    const positive = expectPositive({ good: 1, tokens: 5 });
    expect(result).toEqual({
      id: '17',
      label: 'positive',
      score: expect.closeTo(positive, 5),
      probabilities: { negative: expect.closeTo(1 - positive, 5), positive: expect.closeTo(positive, 5) },
      tokens: 5,
      unknown: 0,
      truncated: false,
      reliable: true,
      model: firstVersion,
      scoredAt: '2026-11-28T09:12:44.031Z',
      user: 'ann',
      tags: [1, { deep: true }],
    });
    expect(Object.keys(result).slice(0, 2)).toEqual(['id', 'label']);
    expect(Object.keys(result).at(-1)).toBe('tags');
  });

  it('never has the text, nor a field of the record in place of its own', async () => {
    const taken = { label: 'mine', reason: 'mine', error: { code: 'mine' }, model: 'mine', dropped: 9, windows: [] };
    const result = await scoreRecord(model, { id: 1, text: 'a bad book', ...taken }, now);
    expect(JSON.stringify(result)).not.toMatch(/mine|a bad book|dropped|windows/);
    expect(result).toMatchObject({ label: 'negative', model: firstVersion });
  });

  it('says how much of a long text was not read, and why a text is not reliable', async () => {
    expect(await scoreRecord(model, { id: 1, text: 'good '.repeat(50) }, now)).toMatchObject({
      truncated: true,
      dropped: 20,
    });
    expect(await scoreRecord(model, { id: 1, text: 'xyzzy plugh qwert' }, now)).toMatchObject({
      reliable: false,
      reason: expect.any(String),
    });
  });

  it.each([
    ['an empty text', '', 'SENTENCE_BLANK', 'The text is empty or holds only white space.'],
    ['white space', ' \u0085\n', 'SENTENCE_BLANK', 'The text is empty or holds only white space.'],
    ['a long text', 'a'.repeat(100_001), 'SENTENCE_TOO_LONG', 'The text is longer than 100,000 characters.'],
  ])('is an error with the further fields for %s', async (_what, text, code, message) => {
    expect(await scoreRecord(model, { id: 'x', text, user: 'ann' }, now)).toEqual({
      id: 'x',
      error: { code, message },
      user: 'ann',
    });
  });
});
