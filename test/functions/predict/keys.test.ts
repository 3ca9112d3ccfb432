import {
  type ApiKey,
  findKeyName,
  formatKeys,
  hashKey,
  isKeyName,
  openKeyFinder,
  parseKeys,
} from '../../../functions/predict/keys.ts';
import { createRecord } from './tiny-service.ts';

const named = (name: string): ApiKey => ({ name, sha256: hashKey(`key of ${name}`), created: '2026-11-28' });
const anna = named('anna');
const bert = named('bert');

it('finds the name of a key by its hash', () => {
  expect(findKeyName([anna, bert], 'key of bert')).toBe('bert');
  expect(findKeyName([anna, bert], 'key of Bert')).toBeUndefined();
  expect(findKeyName([], 'key of bert')).toBeUndefined();
  expect(findKeyName([anna, bert], anna.sha256)).toBeUndefined();
});

it.each(['a', 'ci', 'mobile-app-2'])('takes the name %s', (name) => expect(isKeyName(name)).toBe(true));
it.each(['', 'Anna', '-a', 'a b', 'a"b', 'a'.repeat(33)])('does not take the name %j', (name) =>
  expect(isKeyName(name)).toBe(false),
);

describe('the text of the parameter', () => {
  it('is read as it was written', () => {
    expect(parseKeys(formatKeys([anna, bert]))).toEqual([anna, bert]);
  });

  it.each(['', 'anna', '[]', '{"keys":[{"name":"anna","sha256":"secret","created":""}]}'])(
    'is refused without being quoted: %j',
    (text) => {
      expect(() => parseKeys(text)).toThrow(/^The parameter holds no list of keys: `npm run key` writes one\.$/);
    },
  );
});

describe('a finder of keys', () => {
  /** A finder over a list that a test changes, with a clock that a test moves. */
  function plant() {
    const state = { keys: [anna] as readonly ApiKey[] | undefined, time: 0, reads: 0 };
    const { lines, log } = createRecord();
    const read = async () => {
      state.reads += 1;
      if (state.keys) return state.keys;
      throw new Error('AccessDenied');
    };
    return { state, lines, log, read, now: () => state.time };
  }

  it('reads the list at once, and not again within a minute', async () => {
    const source = plant();
    const find = await openKeyFinder(source);
    expect(source.state.reads).toBe(1);
    expect(await Promise.all([find('key of anna'), find('key of bert')])).toEqual(['anna', undefined]);
    source.state.time = 59_999;
    await find('key of anna');
    expect(source.state.reads).toBe(1);
  });

  it('knows a new key and refuses a removed one after a minute, with one read for all requests', async () => {
    const source = plant();
    const find = await openKeyFinder(source);
    await find('key of anna');
    Object.assign(source.state, { keys: [bert], time: 60_000 });
    expect(await Promise.all([find('key of anna'), find('key of bert')])).toEqual([undefined, 'bert']);
    expect(source.state.reads).toBe(2);
  });

  it('reads after the clock was set back', async () => {
    const source = plant();
    const find = await openKeyFinder(source);
    await find('key of anna');
    Object.assign(source.state, { keys: [bert], time: -3_600_000 });
    expect(await find('key of bert')).toBe('bert');
  });

  it('keeps the list while it cannot be read anew, and says so in the log', async () => {
    const source = plant();
    const find = await openKeyFinder(source);
    await find('key of anna');
    Object.assign(source.state, { keys: undefined, time: 60_000 });
    expect(await find('key of anna')).toBe('anna');
    expect(source.lines).toMatchObject([{ level: 'warn', message: 'keys not read' }]);
  });

  it('fails without a list, and tries again with the next request', async () => {
    const source = plant();
    source.state.keys = undefined;
    const find = await openKeyFinder(source);
    await expect(find('key of anna')).rejects.toMatchObject({ code: 'KEYS_UNAVAILABLE' });
    source.state.keys = [anna];
    expect(await find('key of anna')).toBe('anna');
  });
});
