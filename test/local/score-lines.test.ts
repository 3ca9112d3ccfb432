import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { ApiError } from '../../functions/predict/errors.ts';
import { scoreLines } from '../../local/score-lines.ts';
import { readLines } from '../../local/text-lines.ts';
import { loadTiny } from '../functions/predict/tiny-service.ts';
import { firstVersion, writeTinyStore } from '../functions/predict/tiny-store.ts';
import { buildCommands } from './built-commands.ts';

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const list: string[] = [];
  for await (const line of lines) list.push(line);
  return list;
}

const parse = (output: string) =>
  output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('lines of a pipe', () => {
  it.each([
    ['LF and CR LF, with and without an end', ['one\r\ntwo\nthree'], ['one', 'two', 'three']],
    ['no other character', ['a\u2028b\u0085c\rd\n'], ['a\u2028b\u0085c\rd']],
    ['ends that are divided', ['one\r', '\ntw', 'o\n'], ['one', 'two']],
    ['blank ones', ['\n\na\n'], ['', '', 'a']],
    ['a byte order mark', ['\ufeffa\n\ufeffb\n'], ['a', '\ufeffb']],
    ['nothing', [], []],
  ])('are read: %s', async (_what, pieces, lines) => {
    expect(await collect(readLines(Readable.from(pieces)))).toEqual(lines);
  });

  it('without an end take no more memory than a text that is too long', async () => {
    async function* endless() {
      for (let piece = 0; piece < 50; piece += 1) yield 'a'.repeat(100_000);
    }
    const [line = ''] = await collect(readLines(endless()));
    expect(line).toHaveLength(1_000_000);
  });
});

describe('the results of lines', () => {
  it('are lines of JSON in the same order, errors among them', async () => {
    const model = await loadTiny();
    const lines = ['a good book', '{"id":"b","text":"a bad book","user":"ann"}', '', '{"text":', 'the best'];
    const output = new PassThrough();
    const options = { ahead: 4, signal: new AbortController().signal };
    const scoring = scoreLines({ input: Readable.from([Buffer.from(lines.join('\n'))]), output }, model, options);
    expect(await scoring).toEqual({ lines: 5, failed: 2 });
    output.end();
    expect(parse(await text(output))).toEqual([
      expect.objectContaining({ id: 1, label: 'positive', model: firstVersion }),
      expect.objectContaining({ id: 'b', label: 'negative', user: 'ann' }),
      { id: 3, error: { code: 'SENTENCE_BLANK', message: expect.any(String) } },
      { id: 4, error: { code: 'MESSAGE_MALFORMED', message: expect.any(String) } },
      expect.objectContaining({ id: 5, label: 'positive' }),
    ]);
    await model.classifier.release();
  });

  it.each([
    [new Error('no run'), 'INTERNAL'],
    [new ApiError('MODEL_CRASHED'), 'MODEL_CRASHED'],
  ])('have an error where the model failed on one text: %s', async (failure, code) => {
    const model = await loadTiny();
    const { classify } = model.classifier;
    const classifier = {
      ...model.classifier,
      classify: (sentence: string) => (sentence === 'bad' ? Promise.reject(failure) : classify(sentence)),
    };
    const output = new PassThrough();
    const options = { ahead: 2, signal: new AbortController().signal };
    await scoreLines({ input: Readable.from([Buffer.from('bad\ngood\n')]), output }, { ...model, classifier }, options);
    output.end();
    expect(parse(await text(output))).toMatchObject([{ error: { code } }, { label: 'positive' }]);
    await model.classifier.release();
  });
});

describe('npm start -- --stdin', () => {
  const built = buildCommands();
  const children: ChildProcess[] = [];
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  async function start(...flags: string[]) {
    const environment = { ...process.env, MODEL_URI: `file://${await writeTinyStore()}` };
    const words = [built.path('local/serve.mjs'), '--stdin', ...flags];
    const child = spawn(process.execPath, words, { env: environment, stdio: 'pipe' });
    children.push(child);
    let said = '';
    child.stderr.on('data', (data) => (said += data));
    const exit = once(child, 'exit').then(([code]) => Number(code));
    return { child, exit, said: () => said };
  }

  it('scores lines in several workers, in their order, and ends with code 0 at the end of the input', async () => {
    const { child, exit, said } = await start('--workers', '2');
    child.stdin.end(Array.from({ length: 200 }, (_, index) => (index % 7 === 0 ? '{' : 'a good book')).join('\n'));
    const results = parse(await text(child.stdout));
    expect(await exit).toBe(0);
    expect(results.map(({ id }) => id)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(results.filter(({ error }) => error)).toHaveLength(29);
    expect(said()).toContain('Scored 171 of 200 lines');
  });

  it('answers a line before the next one comes', async () => {
    const { child, exit } = await start();
    child.stdin.write('a good book\n');
    const [first] = await once(child.stdout, 'data');
    expect(JSON.parse(String(first))).toMatchObject({ id: 1, label: 'positive' });
    child.stdin.end();
    expect(await exit).toBe(0);
  });

  it('ends quietly when its reader has seen enough', async () => {
    const { child, exit, said } = await start();
    child.stdin.on('error', () => undefined);
    child.stdin.write('a good book\n'.repeat(20_000));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect(await exit).toBe(0);
    expect(said()).not.toMatch(/EPIPE|Error/);
  });

  it('ends with code 130 when it is stopped', async () => {
    const { child, exit } = await start();
    child.stdin.write('a good book\n');
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await exit).toBe(130);
  });
});
