import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { createSigner, readSmokeOptions } from '../../local/smoke.ts';
import { buildCommands } from './built-commands.ts';

const built = buildCommands();
const servers: (Server | ChildProcess)[] = [];
afterAll(() => {
  for (const server of servers) 'kill' in server ? server.kill('SIGKILL') : server.close();
});

/** Starts the built `npm start` with the sample model. */
async function startService(): Promise<string> {
  const env = { ...process.env, MODEL_URI: `file:${process.env.SAMPLE_MODEL ?? resolve('models', 'sample')}` };
  const child = spawn(process.execPath, [built.path('local/serve.mjs'), '--port', '0'], { env, stdio: 'pipe' });
  servers.push(child);
  let output = '';
  for await (const part of child.stderr.setEncoding('utf8')) {
    output += part;
    const [address] = /http:\/\/[^:\s]+:\d+/.exec(output) ?? [];
    if (address && /^Ready/m.test(output)) return address;
  }
  throw new Error(`It ended:\n${output}`);
}

/** Starts a server that is not the service. */
async function startOther(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Runs the built `npm run smoke`. */
async function smoke(...words: string[]) {
  const child = spawn(process.execPath, [built.path('local/smoke.mjs'), ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: (await ended)[0], stdout, stderr };
}

it('passes all checks of the service, and prints the findings', async () => {
  const { code, stdout } = await smoke(await startService());
  expect(stdout).toMatch(/^ok +first request +\d+ ms {2}positive 0\.\d+$/m);
  expect(stdout).toMatch(/^ok +its opposite .*negative 0\.\d+$/m);
  expect(stdout).toMatch(/^ok +warm requests, median .*first \d+ ms, then \d+, \d+, \d+, \d+, \d+ ms$/m);
  expect(stdout).toMatch(/^ok +long text .*\d+ dropped and said so$/m);
  expect(stdout).toMatch(/^ok +list with a blank text .*positive, SENTENCE_BLANK, negative$/m);
  expect(stdout).toMatch(/^ok +unknown path .*404 ROUTE_UNKNOWN$/m);
  expect(stdout).toMatch(/^ok +wrong method .*405 METHOD_NOT_ALLOWED$/m);
  expect(stdout).toMatch(/^ok +version +\d{8}T\d{6}Z-[0-9a-f]{7}$/m);
  expect(stdout).toMatch(/does what it promises\.\n$/);
  expect(stdout).not.toContain('FAIL');
  expect(code).toBe(0);
});

it('names each failed check of another server, and ends with 1', async () => {
  const url = await startOther((_, response) => response.end('{"response": {"positive": 0.9}}'));
  const { code, stdout } = await smoke(url);
  expect(stdout).toMatch(/^FAIL +first request +\d+ ms {2}the body's response\.positive/m);
  expect(stdout).toMatch(/^FAIL +asked again with the ETag .*the first answer had no ETag$/m);
  expect(stdout).toMatch(/^FAIL +unknown path .*200 .*, not 404 ROUTE_UNKNOWN$/m);
  expect(stdout).toMatch(/^FAIL +version +no answer named its model$/m);
  expect(stdout).toMatch(/\d+ of 14 failed\.\n$/);
  expect(code).toBe(1);
});

it('finds probabilities that contradict the label or the strings', async () => {
  const answer = (label: string, positive: number) => ({
    response: { positive: '0.75', negative: '0.25', sentence: 'this is the best book ever', time_taken: '0.01' },
    label,
    probabilities: { negative: 0.2, neutral: 0.8 - positive, positive },
    model: 'a',
    tokens: 8,
    unknown: 0,
    truncated: false,
  });
  const bodies = [answer('positive', 0.6), answer('neutral', 0.6), answer('positive', 0.5)];
  const url = await startOther((_, response) => {
    response.setHeader('X-Model-Version', 'a').end(JSON.stringify(bodies[0]));
  });
  const first = async () => /^(ok|FAIL) +first request +\d+ ms {2}(.*)$/m.exec((await smoke(url)).stdout)?.slice(1);
  expect(await first()).toEqual(['ok', 'positive 0.75']);
  bodies.shift();
  expect(await first()).toEqual(['FAIL', expect.stringMatching(/^the label neutral, but the probabilities \{/)]);
  bodies.shift();
  expect(await first()).toEqual(['FAIL', expect.stringMatching(/^positive 0\.75, but the probabilities \{/)]);
});

it('shows the status of a service without a model', async () => {
  const url = await startOther((_, response) => response.writeHead(503).end('{"error":{"code":"MODEL_UNAVAILABLE"}}'));
  const { code, stdout } = await smoke(url);
  expect(stdout).toMatch(/^FAIL +first request .*status 503: .*MODEL_UNAVAILABLE/m);
  expect(code).toBe(1);
});

it('reports in one sentence that no server answers, or that the command line cannot be used', async () => {
  const url = await startOther(() => undefined);
  const closing = servers.pop();
  if (closing && 'close' in closing) await new Promise((resolve) => closing.close(resolve));
  expect(await smoke(url)).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+ cannot be reached: connect ECONNREFUSED .*\n$/),
  });
  expect(await smoke()).toMatchObject({ code: 2, stderr: expect.stringMatching(/^Missing required argument 'url'\./) });
});

it('takes an address, with or without a slash at its end', () => {
  expect(readSmokeOptions(['http://localhost:5000/'])).toEqual({
    url: 'http://localhost:5000',
    headers: {},
  });
});

it('takes a region to sign for, and headers', () => {
  const words = [
    'https://a.example',
    '--region',
    'eu-west-1',
    '--header',
    'Authorization: Bearer x',
    '--header',
    'A:b',
  ];
  expect(readSmokeOptions(words)).toMatchObject({
    region: 'eu-west-1',
    headers: { Authorization: 'Bearer x', A: 'b' },
  });
});

it.each([
  [[], /^Missing required argument 'url'\. --help lists what there is\.$/],
  [['localhost:5000'], /^"localhost:5000" is no address/],
  [['http://a.example', 'http://b.example'], /^Too many arguments\. Expected 1 argument but got 2\./],
  [['http://a.example', '--header', 'nothing'], /^--header takes 'NAME: VALUE', not "nothing"/],
  [['http://a.example', '--regions', 'x'], /^Unknown option '--regions'\. Did you mean --region\?/],
])('refuses %j in one sentence', (words, message) => {
  expect(() => readSmokeOptions(words)).toThrow(message);
});

it('signs for API Gateway in the region, with the query and the body in the signature', async () => {
  const sign = createSigner('eu-west-1');
  const one = await sign('GET', new URL('https://api.example/predict?sentence=a'));
  const other = await sign('GET', new URL('https://api.example/predict?sentence=b'));
  expect(one.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=test\/\d{8}\/eu-west-1\/execute-api\/aws4_request, SignedHeaders=host;[a-z0-9;-]*x-amz-date, Signature=[0-9a-f]{64}$/,
  );
  expect(one.authorization?.split('Signature=')[1]).not.toBe(other.authorization?.split('Signature=')[1]);
  const address = new URL('https://api.example/predict');
  const [list, otherList] = [
    await sign('POST', address, '{"inputs":"a"}'),
    await sign('POST', address, '{"inputs":"b"}'),
  ];
  expect(list['x-amz-content-sha256']).not.toBe(otherList['x-amz-content-sha256']);
  expect(one['x-amz-date']).toMatch(/^\d{8}T\d{6}Z$/);
});
