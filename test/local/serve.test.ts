import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../local/command-line.ts';
import { readServeOptions } from '../../local/serve.ts';
import { firstVersion, writeTinyStore } from '../functions/predict/tiny-store.ts';
import { buildCommands } from './built-commands.ts';

const built = buildCommands();
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts the built command on a free port. */
const startServe = (folder: string, ...args: string[]) => startServeIn(process.env, folder, args);

function startServeIn(environment: NodeJS.ProcessEnv, folder: string, args: readonly string[]) {
  const child = spawn(process.execPath, [built.path('local/serve.mjs'), '--port', '0', ...args], {
    env: { ...environment, MODEL_URI: folder.startsWith('/') ? `file:${folder}` : folder, LOG_LEVEL: 'debug' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => (output.stdout += data));
  child.stderr.on('data', (data) => (output.stderr += data));
  const ended = once(child, 'exit');
  /** Waits until the text is in the output. */
  const until = async (stream: 'stdout' | 'stderr', text: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = text.exec(output[stream]);
      if (found) return found;
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${output.stderr}`);
      await Promise.race([once(child[stream], 'data'), ended]);
    }
  };
  const findAddress = async () => {
    const [, port] = await until('stderr', /http:\/\/[^:]+:(\d+),/);
    await until('stderr', /Ready|No model yet/);
    return `http://127.0.0.1:${port}`;
  };
  return { child, output, until, findAddress, ended };
}

it('listens on port 5000 with one worker by default', () => {
  expect(readServeOptions([])).toEqual({
    ...{
      port: 5000,
      host: 'localhost',
      workers: 1,
      queue: 64,
      cors: [],
      apiKey: [],
      feedback: '',
      quiet: false,
      stdin: false,
    },
  });
});

it('takes feedback only from callers with a key', () => {
  expect(() => readServeOptions(['--feedback', 'feedback.jsonl'])).toThrow('--feedback needs --api-key');
  const options = readServeOptions(['--feedback', 'feedback.jsonl', '--api-key', 'anna=0123456789abcdef']);
  expect(options.feedback).toBe('feedback.jsonl');
});

it('reads every flag', () => {
  const args = ['--port', '0', '--host', '0.0.0.0', '--workers=4', '--queue', '9', '--quiet'];
  const cors = ['https://one.example', 'http://localhost:3000'];
  expect(readServeOptions([...args, '--cors', cors.join(', ')])).toEqual({
    ...{ port: 0, host: '0.0.0.0', workers: 4, queue: 9, cors, apiKey: [], feedback: '', quiet: true, stdin: false },
  });
});

it('takes the flags that docs/settings.md lists', () => {
  const [, part = ''] = readFileSync('docs/settings.md', 'utf8').split('`npm start` takes ');
  const listed = [...(part.split('\n## ')[0] ?? '').matchAll(/^\| `--([a-z-]+)` \|/gm)].map(([, flag]) => flag);
  expect(listed).toEqual(Object.keys(readServeOptions([])).map((name) => name.replace('apiKey', 'api-key')));
});

it.each([
  [['--port', 'http'], /^--port takes a whole number from 0 to 65535, not "http"\.$/],
  [['--port', '65536'], /--port/],
  [['--workers', '0'], /--workers takes a whole number from 1/],
  [['--workers', '1.5'], /"1\.5"/],
  [['--queue='], /--queue/],
  [['--cors', 'example.com'], /^--cors takes origins such as https:\/\/example\.com, .+, not "example\.com"\.$/],
  [['--cors', 'https://example.com/path'], /--cors/],
  [['--prot', '80'], /Unknown option '--prot'\. Did you mean --port\? --help lists what there is\.$/],
  [['--port'], /--port/],
  [['8080'], /^Too many arguments\. Expected 0 arguments but got 1\. --help lists what there is\.$/],
])('refuses %j in one sentence', (args, sentence) => {
  expect(() => readServeOptions(args)).toThrow(UsageError);
  expect(() => readServeOptions(args)).toThrow(sentence);
});

// Long enough to keep a worker busy for some milliseconds, short enough for the request line.
const longPath = `/predict?sentence=${'good+'.repeat(12_000)}`;

it('prints its address and an example, and answers', async () => {
  const { child, findAddress, until, ended } = startServe(await writeTinyStore(), '--workers', '2');
  const address = await findAddress();
  await until(
    'stderr',
    /Ready with model 20260101T000000Z-aaaaaaa\. Try:\n {2}curl 'http:\/\/localhost:\d+\/predict\?sentence=this%20is%20the%20best%20book%20ever'/,
  );
  const response = await fetch(`${address}/predict?sentence=a+good+book`);
  expect(await response.json()).toMatchObject({ response: { sentence: 'a good book' }, model: firstVersion });
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

it('is healthy while its worker is busy, and refuses requests beyond the queue with Retry-After', async () => {
  const { findAddress } = startServe(await writeTinyStore(), '--queue', '1');
  const address = await findAddress();
  const asked = Array.from({ length: 12 }, () => fetch(address + longPath));
  const health = await fetch(`${address}/health`);
  const responses = await Promise.all(asked);
  expect(health.status).toBe(200);
  const refused = responses.filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.headers.get('retry-after')).toMatch(/^[1-4]$/);
  expect(await refused[0]?.json()).toMatchObject({ error: { code: 'OVERLOADED' } });
  expect(responses.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(2);
});

/** Sends a request, waits until it has left this process, and returns the promise of its answer's status. */
async function sendOff(url: string): Promise<{ readonly status: Promise<number | undefined> }> {
  const asking = request(url).end();
  const status = once(asking, 'response').then(([response]) => {
    const answer: IncomingMessage = response;
    return answer.resume().statusCode;
  });
  await once(asking, 'finish');
  return { status };
}

it.each(['SIGTERM', 'SIGINT'] as const)(
  'answers the requests in flight when %s ends it, then exits with 0',
  async (signal) => {
    const { child, output, findAddress, ended } = startServe(await writeTinyStore());
    const address = await findAddress();
    const asked = await Promise.all(Array.from({ length: 8 }, () => sendOff(address + longPath)));
    // When this is answered, the requests sent before have arrived.
    expect((await fetch(`${address}/health`)).status).toBe(200);
    const answered = output.stdout.match(/"route":"\/predict"/g)?.length ?? 0;
    child.kill(signal);
    expect(await Promise.all(asked.map(({ status }) => status))).toEqual(Array(8).fill(200));
    expect(await ended).toEqual([0, null]);
    expect(answered).toBeLessThan(8);
    await expect(fetch(`${address}/health`)).rejects.toThrow();
  },
);

it('starts without a model, answers 503 with the reason in the log, and recovers by itself', async () => {
  const folder = await writeTinyStore();
  const away = join(mkdtempSync(join(tmpdir(), 'away-')), 'current.json');
  renameSync(join(folder, 'current.json'), away);
  const { findAddress, output } = startServe(folder);
  const address = await findAddress();
  const response = await fetch(`${address}/predict?sentence=good`);
  expect(response.status).toBe(503);
  expect((await fetch(`${address}/health`)).status).toBe(200);
  expect(output.stderr).toContain(join(folder, 'current.json'));
  renameSync(away, join(folder, 'current.json'));
  expect((await fetch(`${address}/predict?sentence=good`)).status).toBe(200);
});

it('goes on answering after a worker is killed', async () => {
  const { findAddress, until, output } = startServe(await writeTinyStore());
  const address = await findAddress();
  const ask = async () => (await fetch(`${address}/predict?sentence=good`)).status;
  expect(await ask()).toBe(200);
  const [, pid] = await until('stdout', /"worker started","pid":(\d+)/);
  process.kill(Number(pid), 'SIGKILL');
  await until('stdout', /"message":"worker replaced"/);
  expect(await ask()).toBe(200);
  expect(output.stdout).toContain('SIGKILL');
});

it('turns the telemetry of ONNX Runtime off', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'home-'));
  // The runtime would keep a device id, a queue and a log there. The variable CI would turn its telemetry off.
  const { ORT_DISABLE_TELEMETRY: _, CI: __, XDG_CACHE_HOME: ___, ...environment } = process.env;
  const folder = await writeTinyStore();
  const { findAddress } = startServeIn({ ...environment, HOME: scratch, TMPDIR: scratch }, folder, []);
  expect((await fetch(`${await findAddress()}/predict?sentence=good`)).status).toBe(200);
  expect(readdirSync(scratch)).toEqual([]);
});

it('asks for the key of --api-key, says so in its example, and names it in the log line', async () => {
  const key = 'sb_0123456789abcdef';
  const { findAddress, until, output } = startServe(await writeTinyStore(), '--api-key', `anna=${key}`);
  const address = await findAddress();
  await until('stderr', / curl -H 'Authorization: Bearer KEY' 'http:\/\/localhost:\d+\/predict\?/);
  const ask = async (path: string, headers = {}) => (await fetch(address + path, { headers })).status;
  expect(await ask('/predict?sentence=good')).toBe(401);
  expect(await ask('/metrics')).toBe(401);
  expect(await Promise.all([ask('/health'), ask('/ready')])).toEqual([200, 200]);
  expect(await ask('/predict?sentence=good', { 'X-Api-Key': key })).toBe(200);
  expect(output.stdout).toContain('"key":"anna"');
  expect(output.stdout + output.stderr).not.toContain(key);
});

it('writes no line for a request with --quiet, is ready and has metrics', async () => {
  const { findAddress, output } = startServe(await writeTinyStore(), '--quiet', '--cors', '*');
  const address = await findAddress();
  expect((await fetch(`${address}/ready`)).status).toBe(200);
  const response = await fetch(`${address}/predict?sentence=good`, { headers: { Origin: 'https://page.example' } });
  expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
  expect(await (await fetch(`${address}/metrics`)).text()).toContain('model_run_seconds_count 1');
  expect(output.stdout).not.toContain('"message":"request"');
});

it('lists what is wrong with the environment', async () => {
  const { ended, output } = startServe('http://example.com/models');
  expect(await ended).toEqual([2, null]);
  expect(output.stderr).toMatch(/^The environment cannot be used:\n- MODEL_URI: .+\n$/);
});

describe('MODEL_DEVICE', () => {
  const startOn = async (device: string) =>
    startServeIn({ ...process.env, MODEL_DEVICE: device }, await writeTinyStore(), ['--workers', '2']);

  it('auto serves from the CPU where there is no GPU, and says so in one log line', async () => {
    const serve = await startOn('auto');
    const address = await serve.findAddress();
    const answer = await fetch(`${address}/predict?sentence=good`);
    expect(answer.status).toBe(200);
    const lines = serve.output.stdout.split('\n').filter((line) => line.includes('model runs on the CPU'));
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: 'info', reason: expect.stringContaining('CUDA provider') }),
    ]);
  });

  it('cuda without a GPU ends the command with one sentence', async () => {
    const serve = await startOn('cuda');
    expect((await serve.ended)[0]).toBe(2);
    expect(serve.output.stderr).toMatch(
      /^MODEL_DEVICE is cuda, and ONNX Runtime has no GPU here \(.+\); use [^.]+\.\n$/,
    );
    expect(serve.output.stdout).toBe('');
  });
});
