// The pictures in the README. PICTURES=docs/pictures npm run test:page -- pictures makes them anew.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPage, preparePage } from './browser.ts';

const tests = preparePage();
const folder = process.env.PICTURES ?? mkdtempSync(join(tmpdir(), 'pictures-'));
const viewport = { width: 960, height: 560 };
const text = 'The plot is thin, but the acting more than makes up for it: a good film with the best cast of the year.';

/** Width and height of a PNG file. */
const readSize = (path: string) => {
  const header = readFileSync(path).subarray(16, 24);
  return { width: header.readUInt32BE(0), height: header.readUInt32BE(4) };
};

it.each(['light', 'dark'] as const)('of the page in %s colours show what the README says', async (colorScheme) => {
  const { page, faults } = await openPage(tests.browser, `${tests.service.address}/`, { colorScheme, viewport });
  await page.fill('#text', text);
  await page.locator('#reasons').waitFor();
  await page.locator('#text').blur();
  expect(await page.locator('#classes li').count()).toBe(3);
  const coloured = page.locator('#words [data-side]').first();
  expect((await coloured.boundingBox())?.y).toBeLessThan(viewport.height - 20);
  const path = join(folder, `page-${colorScheme}.png`);
  await page.screenshot({ path });
  expect(readSize(join('docs', 'pictures', `page-${colorScheme}.png`))).toEqual(readSize(path));
  expect(faults).toEqual([]);
  await page.context().close();
});
