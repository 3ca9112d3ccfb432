// Chromium, driven by playwright-core, on the built server with the sample model.
import { existsSync } from 'node:fs';
import axe, { type AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type BuiltService, startBuiltService } from '../local/built-service.ts';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Starts Chromium. Root may start it only without its sandbox. */
export async function startBrowser(): Promise<Browser> {
  if (!existsSync(executablePath))
    throw new Error(`${executablePath} is missing: install Debian's package chromium, or name another in CHROMIUM.`);
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

/** A page and what went wrong on it: violations of its policy, errors, requests to elsewhere. */
interface WatchedPage {
  readonly page: Page;
  readonly faults: readonly string[];
}

/** Opens an address of the service in a new context. */
export async function openPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ acceptDownloads: true, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  // A violation of the policy is an error of the console. A failed request is one too, but some tests want it to fail.
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(new URL(address).origin) && !/^(data|blob):/.test(url)) faults.push(`request to ${url}`);
  });
  await page.goto(address);
  return { page, faults };
}

/** The findings of axe that are serious or critical, as `rule: element`. */
export async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}

/** What the tests of a file share. */
export interface PageTests {
  readonly service: BuiltService;
  readonly browser: Browser;
  /** The page at `/`, opened anew for each test. */
  readonly page: Page;
  textOf(selector: string): Promise<string>;
  waitForText(selector: string, text: string | RegExp): Promise<void>;
}

/**
 * Starts service and browser for the tests of a file, and opens the page for each. A fault on the page fails the test.
 *
 * @param words - further words of the service's command line.
 */
export function preparePage(...words: readonly string[]): PageTests {
  let service: BuiltService;
  let browser: Browser;
  let watched: WatchedPage;
  beforeAll(async () => {
    service = await startBuiltService({ words });
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    service?.stop();
  });
  beforeEach(async () => {
    watched = await openPage(browser, `${service.address}/`);
  });
  afterEach(async () => {
    await watched.page.context().close();
    expect(watched.faults).toEqual([]);
  });
  return {
    get service() {
      return service;
    },
    get browser() {
      return browser;
    },
    get page() {
      return watched.page;
    },
    textOf: async (selector) => (await watched.page.locator(selector).textContent()) ?? '',
    waitForText: (selector, text) => watched.page.locator(selector, { hasText: text }).waitFor(),
  };
}

/** The body of a question of the page. */
export interface Question {
  readonly inputs: readonly string[];
  readonly parameters: { readonly long: string; readonly explain?: boolean };
}

/** Collects the questions that a page asks from now on. */
export function collectQuestions(page: Page): readonly Question[] {
  const questions: Question[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/predict') && request.method() === 'POST') questions.push(request.postDataJSON());
  });
  return questions;
}

/** A positive and a negative text. */
export const good = 'this is the best book ever';
export const bad = 'a dull and boring film, the worst of the year';
