// cfn-lint and checkov on the template in several shapes. A finding fails unless infra/suppressions.yml gives its reason.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { everything, synthesize } from './serverless.mjs';

const root = join(import.meta.dirname, '..', '..');
const requirements = join(import.meta.dirname, 'requirements.lock');
const environment = join(root, '.cache', 'template-lint');
const binary = (name) => join(environment, 'bin', name);

const run = (command, words) => {
  const { status, error, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error) throw new Error(`${command}: ${error.message}`);
  return { status, stdout, stderr };
};

const mustRun = (command, words) => {
  const { status, stderr } = run(command, words);
  if (status !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${status}:\n${stderr}`);
};

/** Makes an environment of the two tools' own, because checkov pins many packages. */
const prepare = () => {
  const stamp = join(environment, 'requirements.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log('Installing cfn-lint and checkov …');
  mustRun(process.env.PYTHON ?? 'python3', ['-m', 'venv', '--clear', environment]);
  mustRun(binary('python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  writeFileSync(stamp, wanted);
};

const readJson = ({ status, stdout, stderr }, tool) => {
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(
      `${tool} ended with ${status} and printed no JSON:\n${stdout.slice(0, 2000)}${stderr.slice(-2000)}`,
    );
  }
};

/** Findings in templates, each named by its shape. They count, not the exit code, which is a sum of 2 (errors), 4 (warnings) and 8 (notes). */
const lintTemplates = (files) =>
  readJson(
    run(binary('cfn-lint'), ['--format', 'json', '--regions', 'us-east-1', '--template', ...files]),
    'cfn-lint',
  ).map(({ Filename, Rule, Message, Location }) => ({
    shape: basename(Filename, '.json'),
    check: Rule.Id,
    resource: Location.Path[0] === 'Resources' ? Location.Path[1] : String(Location.Path[0]),
    message: Message,
  }));

const scanTemplates = (files) => {
  const words = ['--framework', 'cloudformation', '--skip-download', '--output', 'json', '--file', ...files];
  const { results, summary } = readJson(run(binary('checkov'), words), 'checkov');
  const read = new Set(
    [...results.passed_checks, ...results.failed_checks].map(({ file_path }) => basename(file_path)),
  );
  const unread = files.filter((file) => !read.has(basename(file)));
  if (summary.parsing_errors + unread.length > 0) throw new Error(`checkov could not read ${unread.join(', ')}.`);
  return results.failed_checks.map(({ file_path, check_id, check_name, resource }) => ({
    shape: basename(file_path, '.json'),
    check: check_id,
    resource: resource.split('.').at(-1),
    message: check_name,
  }));
};

const shapes = {
  dev: () => synthesize('dev'),
  prod: () => synthesize('prod'),
  'prod with everything': () => synthesize('prod', everything),
  'dev with snapshots': () => synthesize('dev', { snapStart: 'on' }),
  'dev for keys': () => synthesize('dev', { authorizer: 'key' }),
  'the builder of the training image': () =>
    parse(readFileSync(join(root, 'infra', 'training', 'builder.yml'), 'utf8')),
  'dev with a queue in order': () => synthesize('dev', { streamQueue: 'fifo' }),
  'dev in a bucket that exists': () => synthesize('dev', { bucket: 'an-earlier-bucket' }),
};

const findAll = () => {
  const folder = mkdtempSync(join(tmpdir(), 'lint-'));
  try {
    const files = Object.entries(shapes).map(([shape, make]) => {
      const file = join(folder, `${shape}.json`);
      writeFileSync(file, JSON.stringify(make(), null, 2));
      return file;
    });
    return [...lintTemplates(files), ...scanTemplates(files)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

prepare();
const suppressions = parse(readFileSync(join(root, 'infra', 'suppressions.yml'), 'utf8'));
const covers = (entry, finding) =>
  entry.reason && entry.check === finding.check && new RegExp(`^(?:${entry.resource})$`).test(finding.resource);
const findings = findAll();
for (const name of Object.keys(shapes))
  console.log(`${name}: ${findings.filter(({ shape }) => shape === name).length} findings`);
const open = findings.filter((finding) => !suppressions.some((entry) => covers(entry, finding)));
const unused = suppressions.filter((entry) => !findings.some((finding) => covers(entry, finding)));
for (const { shape, check, resource, message } of open) console.error(`${shape}: ${check} ${resource}: ${message}`);
for (const { check, resource } of unused)
  console.error(`infra/suppressions.yml: ${check} ${resource} matches nothing.`);
if (open.length + unused.length > 0) process.exit(1);
console.log(`cfn-lint and checkov: nothing beyond the ${suppressions.length} suppressions with their reasons.`);
