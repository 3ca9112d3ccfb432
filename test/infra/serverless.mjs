// Runs this project's own `serverless` where it cannot reach an account.
import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tagOf } from '../../infra/built-image.mjs';

const root = join(import.meta.dirname, '..', '..');
const program = createRequire(import.meta.url).resolve('osls/bin/serverless.js');
const repository = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

/** Images by digest, of a repository that does not exist. Packaging does not ask for them. */
export const image = `${repository}/serverless-bert@sha256:${'a'.repeat(64)}`;
export const trainingImage = `${repository}/training/bert@sha256:${'b'.repeat(64)}`;

/** An environment without the caller's account. AWS's address in it refuses every connection. */
const offline = () => {
  const kept = Object.entries(process.env).filter(([name]) => !/^(AWS_|SLS_|NODE_OPTIONS$)/.test(name));
  return {
    ...Object.fromEntries(kept),
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
    AWS_EC2_METADATA_DISABLED: 'true',
    NO_COLOR: '1',
  };
};

/** Copies what Serverless reads. Serverless writes beside serverless.yml, so that two runs in one folder would collide. */
const copyService = () => {
  const folder = mkdtempSync(join(tmpdir(), 'service-'));
  for (const part of ['serverless.yml', 'infra', 'package.json', '.dockerignore', 'Dockerfile.train'])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  for (const part of ['node_modules', 'supply-chain', 'training']) symlinkSync(join(root, part), join(folder, part));
  return folder;
};

/** Runs a command: its exit code and everything that it printed. */
export function runServerless(words, environment = {}) {
  const cwd = copyService();
  try {
    const options = { cwd, encoding: 'utf8', env: { ...offline(), ...environment } };
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], options);
    return { status, output: `${stdout}${stderr}` };
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

const paramWords = (params) => Object.entries(params).flatMap(([name, value]) => ['--param', `${name}=${value}`]);

/** `serverless package` for a stage, with parameters. */
export const packageStage = (stage, params, folder) =>
  runServerless(['package', '--stage', stage, '--package', folder, ...paramWords({ image, ...params })]);

const hashOf = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 32);
};

/** Everything that a template is made from. */
const hashSource = () => {
  const names = readdirSync(join(root, 'infra'), { recursive: true }).filter((name) => /\.(yml|m?js)$/.test(name));
  const files = [program, join(root, 'serverless.yml'), ...names.sort().map((name) => join(root, 'infra', name))];
  const trainingTag = tagOf({ parameter: 'trainingImage', root, platform: 'linux/amd64' });
  const contents = files.flatMap((file) => [file, readFileSync(file)]);
  return hashOf(...contents, trainingTag, readFileSync(join(root, 'package-lock.json')));
};

const packageInto = (file, stage, params) => {
  const folder = mkdtempSync(join(tmpdir(), 'template-'));
  try {
    const { status, output } = packageStage(stage, params, folder);
    if (status !== 0) throw new Error(`serverless package --stage ${stage} ended with ${status}:\n${output}`);
    // Test files run side by side, so a template must appear whole or not at all.
    const part = `${file}.${randomUUID()}`;
    cpSync(join(folder, 'cloudformation-template-update-stack.json'), part);
    renameSync(part, file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The CloudFormation template of a stage; kept until a file changes that it is made from. */
export function synthesize(stage, params = {}) {
  const folder = join(root, '.cache', 'templates', hashSource());
  const file = join(folder, `${hashOf(stage, JSON.stringify(params))}.json`);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(file)) packageInto(file, stage, params);
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Every part that a parameter can add, at once. */
export const everything = {
  trainingImage,
  retrainOnDrift: 'on',
  feedback: 'texts',
  validationFile: 'valid.csv',
  cors: 'https://a.example,https://b.example',
  authorizer: 'jwt',
  jwtIssuer: 'https://issuer.example/',
  jwtAudience: 'callers,testers',
  page: 'on',
  tracing: 'on',
  alarmEmail: 'team@example.com',
  streamTopic: 'on',
  provisionedConcurrency: '2',
  provisionedStart: 'cron(0 7 ? * MON-FRI *)',
  provisionedStop: 'cron(0 19 ? * MON-FRI *)',
  modelVersion: '20261123T081500Z-3f9a1c2',
  canaryShare: '10',
};
