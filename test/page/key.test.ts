// The page of a service whose callers need keys.
import { execFileSync } from 'node:child_process';
import { good, preparePage } from './browser.ts';

const key = 'sb_0123456789abcdef';
const tests = preparePage('--api-key', `anna=${key}`);

async function giveKey(text: string): Promise<void> {
  await tests.page.fill('#key', text);
  await tests.page.click('#key-form button');
}

describe('the key', () => {
  it('is asked for before a person types, in a field that does not show it', async () => {
    await tests.page.locator('#key-form').waitFor();
    expect(await tests.page.getAttribute('#key', 'type')).toBe('password');
    expect(await tests.page.getAttribute('#key', 'autocomplete')).toBe('off');
  });

  it('that is wrong gets the sentence of the service, and is asked for again', async () => {
    await tests.page.locator('#key-form').waitFor();
    await tests.page.fill('#text', good);
    await tests.waitForText('#problem', 'This service asks for a key');
    await giveKey('sb_wrong');
    await tests.waitForText('#problem', 'The key is not known');
    await tests.page.locator('#key-form').waitFor();
    expect(await tests.textOf('#verdict')).not.toContain('positive');
  });

  it('that is right gives answers, a list and the card of the model', async () => {
    await tests.page.fill('#text', good);
    await giveKey(key);
    await tests.waitForText('#verdict', 'positive');
    expect(await tests.page.locator('#key-form').isHidden()).toBe(true);
    expect(await tests.textOf('#problem')).toBe('');
    await tests.waitForText('#card', '512 tokens');
    await tests.page.fill('#list', `${good}\n`);
    await tests.page.click('#classify');
    await tests.waitForText('#list-status', '1 of 1 texts');
  });

  it('is in no address, in no storage, and in the command for the shell only as a variable', async () => {
    const addresses: string[] = [];
    tests.page.on('request', (request) => addresses.push(request.url()));
    await giveKey(key);
    await tests.page.fill('#text', good);
    await tests.page.locator('#reasons').waitFor();
    const command = await tests.textOf('#curl');
    expect(command).not.toContain(key);
    expect(addresses.length).toBeGreaterThan(2);
    expect(addresses.filter((address) => address.includes(key))).toEqual([]);
    const kept = 'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])';
    expect(await tests.page.evaluate(kept)).not.toContain(key);
    const env = { ...process.env, API_KEY: key };
    const answer = execFileSync('sh', ['-c', command.replace('curl', 'curl -s')], { encoding: 'utf8', env });
    expect(JSON.parse(answer)).toMatchObject({ results: [{ label: 'positive' }] });
  });

  it('is forgotten when the page is loaded again', async () => {
    await giveKey(key);
    await tests.waitForText('#card', '512 tokens');
    await tests.page.reload();
    await tests.page.locator('#key-form').waitFor();
    expect(await tests.page.inputValue('#key')).toBe('');
  });
});
