// The packed client in an empty project: installed without a network, compiled under `strict`, run against `npm start`.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { type BuiltService, startBuiltService } from '../local/built-service.ts';
import { packClient } from './packed-client.ts';

const program = `
import { createClient, type Failure, type Prediction, type Result } from 'serverless-bert/client';

const client = createClient({ url: process.argv[2] ?? '' });
const one = await client.predict('this is the best book ever', { explain: true, signal: AbortSignal.timeout(20_000) });
const prediction: Prediction | Failure = one.ok ? one.value : one.error;
const many = await client.predict(['good', ' '] as const, { long: 'windows' });
const results: readonly Result[] = many.ok ? many.value : [];
const codes = results.map((result) => ('error' in result ? result.error.code : result.label));
const nothing = await client.predict([]);
if (nothing.ok) throw new Error('an empty list');
// @ts-expect-error: the service has no such code
const wrong = nothing.error.code === 'NO_SUCH_CODE';
// @ts-expect-error: the service has no such parameter
await client.predict('good', { long: 'whole' });
console.log(JSON.stringify({ prediction, codes, code: nothing.error.code, wrong }));
`;

const compilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  target: 'ES2022',
  // Types that the package needs beyond the language and the web would be missing.
  types: ['process'],
  typeRoots: ['types'],
};

const run = (command: string, words: readonly string[], cwd: string) =>
  execFileSync(command, words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

let folder: string;
let service: BuiltService;
beforeAll(async () => {
  service = await startBuiltService();
  folder = mkdtempSync(join(tmpdir(), 'client-'));
  const tarball = packClient(folder);
  mkdirSync(join(folder, 'types', 'process'), { recursive: true });
  writeFileSync(join(folder, 'types', 'process', 'index.d.ts'), 'declare const process: { readonly argv: string[] };');
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'main.ts'), program);
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], folder);
});
afterAll(() => {
  service?.stop();
});

/** Compiles the program as a project of this kind. */
function compile(kind: object): void {
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...compilerOptions, ...kind } }));
  try {
    run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', '.'], folder);
  } catch (error) {
    throw new Error((error as { readonly stdout: string }).stdout);
  }
}

it('holds what a caller needs, and needs no other package', () => {
  expect(readdirSync(join(folder, 'node_modules'))).toEqual(['.package-lock.json', 'serverless-bert']);
  const files = readdirSync(join(folder, 'node_modules', 'serverless-bert'), { recursive: true }).map(String);
  const outside = files.filter(
    (name) => !/^(package\.json|README\.md|LICENSE|dist(\/(index\.js|LICENSES\.txt|[a-z]+\.d\.ts))?)$/.test(name),
  );
  expect(outside).toEqual([]);
  expect(files).toEqual(expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'README.md', 'LICENSE']));
});

it('compiles in a project for bundlers, where its types are checked too', () => {
  compile({ module: 'ESNext', moduleResolution: 'bundler', noEmit: true });
});

it('compiles in a project for Node, and answers', () => {
  compile({ module: 'NodeNext' });
  const printed = run(process.execPath, ['main.js', service.address], folder);
  expect(JSON.parse(printed)).toMatchObject({
    prediction: { label: 'positive', probabilities: { positive: expect.any(Number) } },
    codes: ['positive', 'SENTENCE_BLANK'],
    code: 'BODY_INVALID',
  });
});

it('is bundled for browsers without a module of Node', async () => {
  const { outputFiles } = await build({
    stdin: { contents: "export { createClient } from 'serverless-bert/client';", resolveDir: folder },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    minify: true,
    write: false,
    logLevel: 'silent',
  });
  expect(outputFiles[0]?.text).not.toMatch(/\bfrom\s*["']|\brequire\(/);
  expect(outputFiles[0]?.contents.length).toBeLessThan(20_000);
});

it('has a counterpart in Python: the lines of docs/clients.md', () => {
  const [, lines = ''] = /```python\n(.+?)```/s.exec(readFileSync('docs/clients.md', 'utf8')) ?? [];
  const script = lines.replace('http://localhost:5000', service.address);
  expect(run('.venv/bin/python', ['-c', script], '.')).toMatch(
    /^'this is the best book ever' \('positive', 0\.\d+\)\n' ' SENTENCE_BLANK\n$/,
  );
});
