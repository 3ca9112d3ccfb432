// The base image of Dockerfile.lambda: AWS's own, pulled, or a stand-in with Node, npm and the Lambda runtime client.
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ensureStandIn } from './base.mjs';
import { podman } from './podman.mjs';
import { execute } from './tools.mjs';

const versions = { node: '24.21.0', npm: '11.21.2', ric: '4.0.2' };
const recipeFolder = join(import.meta.dirname, 'lambda-base');
const certificates = '/etc/ssl/certs/ca-certificates.crt';

/** npm, away from the project: `npm run` tells its children the project's folder, which would win over `cwd`. */
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

/** Compiles the runtime client against that Node and keeps the three things that it runs on. */
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

/**
 * Makes `name` (what a Dockerfile says after FROM) available to the next build.
 *
 * @param real - pull it; otherwise the stand-in gets its name, in the tests' own storage only.
 */
export function provideLambdaBase(name, { real }) {
  if (real) podman(['pull', '--quiet', name]);
  else podman(['tag', ensureLambdaStandIn(), name]);
}
