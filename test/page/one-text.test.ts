// One text on the page, as a person types it.
import { execFileSync } from 'node:child_process';
import { bad, collectQuestions, good, preparePage } from './browser.ts';

const tests = preparePage();

describe('one text', () => {
  it('is answered while a person types, with a bar for each class', async () => {
    const questions = collectQuestions(tests.page);
    await tests.page.locator('#text').pressSequentially(good, { delay: 10 });
    await tests.waitForText('#verdict', /positive \d/);
    expect(questions.filter(({ parameters }) => !parameters.explain).length).toBeLessThan(good.length / 2);
    const bars = await tests.page.locator('#classes li').allTextContents();
    expect(bars.map((bar) => bar.replace(/[\d.]+%/, ''))).toEqual(['negative', 'neutral', 'positive']);
    expect(await tests.textOf('#facts')).toMatch(/Read8 tokensTimeanswered in \d+ ms/);
  });

  it('is answered by its latest state, even if an earlier answer comes later', async () => {
    let first = true;
    await tests.page.route('**/predict', async (route) => {
      const slow = first;
      first = false;
      if (slow) await new Promise((resolve) => setTimeout(resolve, 1500));
      await route.continue().catch(() => undefined);
    });
    const asked = tests.page.waitForRequest('**/predict');
    await tests.page.fill('#text', bad);
    await asked;
    await tests.page.fill('#text', good);
    await tests.waitForText('#verdict', 'positive');
    await tests.page.waitForTimeout(2000);
    expect(await tests.textOf('#verdict')).toContain('positive');
  });

  it('has its words coloured, and their weights in a table', async () => {
    await tests.page.fill('#text', `${bad} 😀`);
    await tests.page.locator('#reasons').waitFor();
    expect(await tests.textOf('#words')).toBe(`${bad} 😀`);
    const strong = await tests.page.locator('#words [data-side=for]').allTextContents();
    expect(strong.filter((word) => /dull|boring|worst/.test(word)).length).toBeGreaterThan(0);
    await tests.page.click('summary');
    expect(await tests.page.locator('#weights tbody tr').count()).toBeGreaterThan(3);
  });

  it('that is longer than the model reads has windows, whose buttons mark them', async () => {
    const sentence = 'A good film with a good story. ';
    await tests.page.fill('#text', sentence.repeat(120));
    await tests.page.locator('#parts').waitFor();
    const rows = tests.page.locator('#windows tbody tr');
    expect(await rows.count()).toBeGreaterThan(1);
    await rows.nth(1).locator('button').click();
    const marked = await tests.page.evaluate('getSelection().toString()');
    expect(marked).toMatch(/good film/);
    expect(String(marked).length).toBeLessThan(sentence.length * 120);
  });

  it('in another language is marked', async () => {
    await tests.page.fill('#text', 'Das ist leider ein sehr langweiliges Buch und ich mag es gar nicht.');
    await tests.page.locator('#warning').waitFor();
    expect(await tests.textOf('#warning')).toContain('do not rely');
  });

  it('that is too long gets the sentence of the service', async () => {
    await tests.page.fill('#text', 'good '.repeat(20_001));
    await tests.waitForText('#problem', '100,000');
  });

  it('that became empty leaves no answer', async () => {
    await tests.page.fill('#text', good);
    await tests.waitForText('#verdict', 'positive');
    await tests.page.fill('#text', '  ');
    await tests.waitForText('#verdict', 'appears here');
    expect(await tests.page.locator('#classes li').count()).toBe(0);
  });

  it('is answered when the network is back', async () => {
    await tests.page.context().setOffline(true);
    await tests.page.fill('#text', good);
    await tests.waitForText('#problem', 'The service does not answer: check the network.');
    await tests.page.context().setOffline(false);
    await tests.waitForText('#verdict', 'positive');
    expect(await tests.textOf('#problem')).toBe('');
  });

  it('has a command for the shell that asks the same', async () => {
    const text = `it's "the" best $HOME \\ book\never`;
    await tests.page.fill('#text', text);
    await tests.page.locator('#reasons').waitFor();
    const command = `curl() { printf '%s\\0' "$@"; }; ${await tests.textOf('#curl')}`;
    const [address, , type, , body] = execFileSync('sh', ['-c', command], { encoding: 'utf8' }).split('\0');
    expect([address, type]).toEqual([`${tests.service.address}/predict`, 'Content-Type: application/json']);
    expect(JSON.parse(body ?? '')).toEqual({ inputs: [text], parameters: { long: 'windows', explain: true } });
  });
});
