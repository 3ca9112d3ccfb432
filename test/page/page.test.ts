// The page and the API reference as a whole: card, keyboard, colours, sizes, barriers.
import { bad, findBarriers, good, openPage, preparePage } from './browser.ts';

const tests = preparePage();

describe('the page', () => {
  it('shows the card of the model', async () => {
    const model = (await (await fetch(`${tests.service.address}/model`)).json()) as { version: string };
    await tests.waitForText('#card', model.version);
    expect(await tests.textOf('#card')).toMatch(/English.*512 tokens/);
  });

  it('is used by keyboard alone', async () => {
    const focused = () => tests.page.evaluate('document.activeElement.id || document.activeElement.textContent');
    await tests.page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the text');
    await tests.page.keyboard.press('Enter');
    await tests.page.keyboard.press('Tab');
    expect(await tests.page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await tests.page.locator('#text').focus();
    await tests.page.keyboard.type(bad);
    await tests.waitForText('#verdict', 'negative');
    await tests.page.keyboard.press('Tab');
    expect(await focused()).toBe(good);
    await tests.page.keyboard.press('Enter');
    await tests.waitForText('#verdict', 'positive');
    for (let presses = 0; (await focused()) !== 'list' && presses < 20; presses++)
      await tests.page.keyboard.press('Tab');
    await tests.page.keyboard.type(bad);
    for (let presses = 0; (await focused()) !== 'classify' && presses < 20; presses++)
      await tests.page.keyboard.press('Tab');
    await tests.page.keyboard.press('Enter');
    await tests.waitForText('#list-status', '1 of 1 texts');
    await tests.page.keyboard.press('Tab');
    expect(await focused()).toBe('download');
  });
});

describe.each([
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['small', { viewport: { width: 320, height: 640 } }],
] as const)('in its %s form the page', (name, options) => {
  it('has no barrier that axe calls serious, and nothing sticks out', async () => {
    const form = await openPage(tests.browser, `${tests.service.address}/`, options);
    await form.page.fill('#text', `${bad} `.repeat(80));
    await form.page.locator('#reasons').waitFor();
    await form.page.click('summary');
    await form.page.fill('#list', `${good}\n${bad}`);
    await form.page.click('#classify');
    await form.page.locator('#results').waitFor();
    await form.page.locator('#card dl').waitFor();
    expect(await findBarriers(form.page)).toEqual([]);
    const sticking = `[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth && !e.closest('.scroll')).map((e) => e.id || e.tagName)`;
    expect(await form.page.evaluate(sticking)).toEqual([]);
    const paper = await form.page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(paper).toBe(name === 'dark' ? 'rgb(20, 23, 28)' : 'rgb(246, 247, 249)');
    expect(form.faults).toEqual([]);
    await form.page.context().close();
  });
});

it('without JavaScript the form still asks the service', async () => {
  const form = await openPage(tests.browser, `${tests.service.address}/`, { javaScriptEnabled: false });
  await form.page.fill('#text', good);
  await form.page.click('#text-form button');
  await form.page.locator('body', { hasText: '"label":"positive"' }).waitFor();
  await form.page.context().close();
});

it('/docs draws every route of /openapi.json', async () => {
  const { page: docs, faults } = await openPage(tests.browser, `${tests.service.address}/docs`);
  const document = (await (await fetch(`${tests.service.address}/openapi.json`)).json()) as { paths: object };
  await docs.locator('.opblock').first().waitFor();
  const drawn = await docs.locator('.opblock-summary-path').allTextContents();
  expect([...new Set(drawn.map((path) => path.replaceAll('\u200b', '')))].sort()).toEqual(
    Object.keys(document.paths).sort(),
  );
  await docs.locator('.opblock-summary-control').first().click();
  await docs.locator('.opblock-body').first().waitFor();
  expect(faults).toEqual([]);
  await docs.context().close();
});
