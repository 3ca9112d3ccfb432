// Many texts on the page: pasted, or in a file that is dropped.
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { bad, collectQuestions, good, preparePage } from './browser.ts';

const tests = preparePage();

async function readDownload(): Promise<Record<string, string>[]> {
  const [download] = await Promise.all([tests.page.waitForEvent('download'), tests.page.click('#download')]);
  expect(download.suggestedFilename()).toBe('answers.csv');
  return parse(readFileSync(await download.path()), { columns: true });
}

/** Drops a file on the page. */
async function dropFile(name: string, content: string): Promise<void> {
  const file = `new File([${JSON.stringify(content)}], ${JSON.stringify(name)}, { type: 'text/csv' })`;
  const dataTransfer = await tests.page.evaluateHandle(`{ const t = new DataTransfer(); t.items.add(${file}); t }`);
  await tests.page.dispatchEvent('#drop', 'drop', { dataTransfer });
}

describe('many texts', () => {
  it('that are pasted become a table and a file', async () => {
    await tests.page.fill('#list', `${good}\n\n${bad}\n`);
    await tests.page.click('#classify');
    await tests.waitForText('#list-status', /2 of 2 texts in .+: 1 negative, 1 positive\./);
    expect(await tests.page.locator('#answers tbody tr').count()).toBe(2);
    expect(await readDownload()).toMatchObject([
      { text: good, label: 'positive', reliable: 'true', error: '' },
      { text: bad, label: 'negative' },
    ]);
  });

  it('of a CSV that is dropped keep their columns and order, and more than one request holds', async () => {
    const questions = collectQuestions(tests.page);
    const lines = Array.from({ length: 40 }, (_, index) => `${index},"${index % 2 ? good : bad}, really"`);
    await dropFile('reviews.csv', ['id,Review', ...lines, '40, '].join('\r\n'));
    await tests.waitForText('#list-status', 'reviews.csv: 41 rows.');
    await tests.page.click('#classify');
    await tests.waitForText('#list-status', /41 of 41 texts in .+: 20 negative, 20 positive, 1 without an answer\./);
    const rows = await readDownload();
    expect(rows.map(({ id, label }) => [id, label]).slice(0, 3)).toEqual([
      ['0', 'negative'],
      ['1', 'positive'],
      ['2', 'negative'],
    ]);
    expect(rows.at(-1)).toMatchObject({ id: '40', label: '', error: 'SENTENCE_BLANK' });
    const classes = ['negative', 'neutral', 'positive'] as const;
    expect(classes.reduce((sum, name) => sum + Number(rows[1]?.[name]), 0)).toBeCloseTo(1, 5);
    expect(questions.map(({ inputs }) => inputs.length)).toEqual([32, 9]);
  });

  it('of a CSV without a text column are asked for by name', async () => {
    await dropFile('marks.csv', `id,note\n1,${good}\n`);
    const sentence = 'The file has no single text column: it has id, note. Choose one, or name it review,';
    await tests.waitForText('#list-problem', sentence);
    await tests.page.click('#classify');
    await tests.waitForText('#list-problem', sentence);
    await tests.page.selectOption('#column', 'note');
    await tests.page.click('#classify');
    await tests.waitForText('#list-status', '1 of 1 texts');
    expect(await tests.textOf('#list-problem')).toBe('');
  });

  it.each([
    ['no text', 'a\u0000b', 'marks.csv: The file is no text in UTF-8'],
    ['a short row', 'text,id\ngood\n', 'marks.csv: Row 2 of the file has 1 fields, but the header has 2.'],
  ])('of a file with %s are refused in one sentence', async (_what, content, sentence) => {
    await dropFile('marks.csv', content);
    await tests.waitForText('#list-problem', sentence);
  });

  it('of which there are none are asked for', async () => {
    await tests.page.click('#classify');
    await tests.waitForText('#list-problem', 'There are no texts');
  });

  it('can be stopped, and what was answered stays', async () => {
    await tests.page.route('**/predict', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      await route.continue().catch(() => undefined);
    });
    await tests.page.fill('#list', `${good}\n`.repeat(400));
    await tests.page.click('#classify');
    await tests.waitForText('#list-status', /\d+ of 400/);
    await tests.page.click('#stop');
    await tests.page.locator('#classify:enabled').waitFor();
    expect((await readDownload()).length).toBeLessThan(400);
  });
});
