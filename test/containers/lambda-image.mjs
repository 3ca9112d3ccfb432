// Dockerfile.lambda, built over AWS's base image or over a stand-in with Node, npm and the Lambda runtime client.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { buildImage, podman } from './podman.mjs';
import { ensureStandIn, useRealBase } from './stand-in.mjs';
import { execute } from './tools.mjs';

const root = join(import.meta.dirname, '..', '..');
const file = join(root, 'Dockerfile.lambda');
const versions = { node: '24.21.0', npm: '11.21.2', ric: '4.0.2' };
const recipeFolder = join(import.meta.dirname, 'lambda-base');
const certificates = '/etc/ssl/certs/ca-certificates.crt';

/** Runs npm outside the project. `npm run` passes the project's folder to its children in a variable that overrides `cwd`. */
function npm(args, { cwd, env = {} }) {
  const { npm_config_local_prefix: _, ...inherited } = process.env;
  return execute('npm', args, { cwd, env: { ...inherited, ...env } });
}

/** Unpacks a published package, without its dependencies, into `target`. */
function unpackPackage(spec, target) {
  mkdirSync(target, { recursive: true });
  const [{ filename }] = JSON.parse(npm(['pack', '--json', '--silent', spec], { cwd: target }));
  execute('tar', ['--extract', '--strip-components=1', '--file', join(target, filename)], { cwd: target });
  execute('rm', [join(target, filename)]);
}

/** Compiles the runtime client against that Node and keeps the three files that it needs at run time. */
function buildRuntimeClient({ node, runtime, work }) {
  mkdirSync(work);
  writeFileSync(join(work, 'package.json'), '{"private":true}');
  const env = { PATH: `${join(node, 'bin')}${delimiter}${process.env.PATH}`, npm_config_nodedir: node };
  const flags = ['--prefix', work, '--ignore-scripts=false', '--foreground-scripts', '--no-audit', '--no-fund'];
  npm(['install', ...flags, `aws-lambda-ric@${versions.ric}`], { cwd: work, env });
  const modules = join(work, 'node_modules');
  for (const name of ['index.mjs', 'rapid-client.node', 'package.json']) {
    cpSync(join(modules, 'aws-lambda-ric', name), join(runtime, name));
  }
  cpSync(join(modules, '@aws'), join(runtime, 'node_modules', '@aws'), { recursive: true });
}

/** Node and npm where the real image has them, npm configured as on this machine. */
function installNode(lang, registry) {
  unpackPackage(`node-linux-${process.arch}@${versions.node}`, lang);
  const target = join(lang, 'lib', 'node_modules', 'npm');
  unpackPackage(`npm@${versions.npm}`, target);
  for (const name of ['npm', 'npx']) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(lang, 'bin', name));
  }
  mkdirSync(join(lang, 'etc'));
  writeFileSync(join(lang, 'etc', 'npmrc'), `registry=${registry}\ncafile=${certificates}\n`);
}

function ensureLambdaStandIn() {
  if (!existsSync(certificates)) throw new Error(`${certificates} is missing: install ca-certificates.`);
  const registry = npm(['config', 'get', 'registry'], { cwd: recipeFolder }).trim();
  const prepare = (context) => {
    const [lang, runtime] = [join(context, 'lang'), join(context, 'runtime')];
    installNode(lang, registry);
    mkdirSync(runtime);
    cpSync(join(recipeFolder, 'bootstrap'), join(runtime, 'bootstrap'));
    buildRuntimeClient({ node: lang, runtime, work: join(context, 'work') });
    cpSync(certificates, join(context, 'ca-certificates.crt'));
  };
  const ingredients = [versions, registry, readFileSync(certificates, 'utf8')];
  return ensureStandIn({ tag: 'localhost/stand-in/lambda-nodejs:latest', recipeFolder, ingredients, prepare });
}

/** The base image that Dockerfile.lambda names. */
export const baseName = /^ARG BASE=(\S+)$/m.exec(readFileSync(file, 'utf8'))[1];

/** Makes the base image available to the next build. The stand-in gets its name in the tests' own storage only. */
export function provideLambdaBase() {
  if (useRealBase()) podman(['pull', '--quiet', baseName]);
  else podman(['tag', ensureLambdaStandIn(), baseName]);
}

/**
 * Builds the image from a checkout and returns its id. The build stage gets a name too, so that its cache is kept.
 *
 * @param target - the stage to build, if not the last one.
 * @param flags - further flags of `podman build`.
 */
export function buildLambdaImage({
  context = root,
  tag = 'localhost/serverless-bert/lambda',
  target = '',
  flags = [],
} = {}) {
  buildImage({ file, context, tag: `${tag}-build`, target: 'build' });
  return buildImage({ file, context, tag, target, flags });
}

/** What the build's context may hold, by .dockerignore. */
const contextEntries = () =>
  readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));

/** Builds a copy of this checkout that `change(folder)` was applied to, and returns the image's id. */
export function buildChangedImage(change) {
  const context = mkdtempSync(join(tmpdir(), 'changed-'));
  for (const entry of contextEntries()) cpSync(join(root, entry), join(context, entry), { recursive: true });
  change(context);
  return buildLambdaImage({ context, tag: 'localhost/serverless-bert/changed' });
}
