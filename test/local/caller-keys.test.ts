import { createCallerFinder, readCallerKeys } from '../../local/caller-keys.ts';

const key = 'sb_0123456789abcdef';

it.each<[string, string, string]>([
  ['a key', key, 'key-1'],
  ['a key with a name', `anna=${key}`, 'anna'],
  ['a key in Base64', `${key}==`, 'key-1'],
  ['a key in Base64 with a name', `anna=${key}==`, 'anna'],
])('takes %s', async (_what, text, name) => {
  const find = createCallerFinder(readCallerKeys(text));
  expect(await find?.(text.replace(/^anna=/, ''))).toBe(name);
  expect(await find?.('sb_of-somebody-else')).toBeUndefined();
});

it('takes several keys of one flag and of several', () => {
  const keys = readCallerKeys(`${key}4, carl=${key}5`, readCallerKeys(`anna=${key}1,${key}2`));
  expect(keys.map(({ name }) => name)).toEqual(['anna', 'key-2', 'key-3', 'carl']);
});

it('keeps no key as it is', () => {
  expect(JSON.stringify(readCallerKeys(`anna=${key}`))).not.toContain(key);
});

it.each([
  ['a short key', 'anna=secret', 'number 1'],
  ['a key with a space', `${key},secret of anna 1234`, 'number 2'],
  ['a name that is none', `Anna=${key}`, 'number 1'],
  ['nothing', '', 'number 1'],
])('refuses %s without showing it', (_what, text, sentence) => {
  const read = () => readCallerKeys(text);
  expect(read).toThrow(sentence);
  expect(read).not.toThrow(/secret|0123456789/);
});

it('refuses two keys of one name', () => {
  expect(() => readCallerKeys(`anna=${key}1,anna=${key}2`)).toThrow('two keys of one name');
});

it('asks nobody for a key without keys', () => {
  expect(createCallerFinder([])).toBeUndefined();
});
