// `npm run licences` writes docs/licences.md anew: every package that ships, in the images of Dockerfile.lambda and in the training image, with
// its version and its licence. It ends with 1 if one may not ship. Run it after a change of a lock file.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare } from '../test/python.mjs';
import { makeSboms } from './checkout-sbom.mjs';
import { findProblems, readLicence, reasonFor } from './licence-policy.mjs';
import { licencesFile, pythonLocks, readPins, splitReference } from './shipped.mjs';

const root = join(import.meta.dirname, '..');
const environment = join(root, '.cache', 'supply-chain');

/** Asks the Python index for the metadata of packages, without a download of them. */
function readPythonMetadata(pins) {
  prepare(environment, [join(import.meta.dirname, 'requirements.lock')]);
  const words = ['install', '--dry-run', '--ignore-installed', '--no-deps', '--quiet', '--report', '-'];
  const command = join(environment, 'bin', 'python');
  const run = spawnSync(command, ['-m', 'pip', ...words, ...pins], { encoding: 'utf8', maxBuffer: 1 << 27 });
  if (run.status !== 0) throw new Error(`pip cannot read the metadata:\n${run.stderr}`);
  return new Map(JSON.parse(run.stdout).install.map(({ metadata }) => [splitReference(metadata.name)[0], metadata]));
}

/** What a Python package declares, the exact form first. */
const declaredBy = ({ license_expression = '', license = '', classifier = [] }) => [
  license_expression,
  license,
  ...classifier.filter((line) => line.startsWith('License ::')),
];

/** The packages of the training image. Of versions for different Pythons the licence is that of the one for this Python. */
function listPython() {
  const pins = pythonLocks.flatMap((lock) => readPins(readFileSync(join(root, lock), 'utf8')));
  const metadata = readPythonMetadata(pins.map(({ requirement }) => requirement));
  return pins
    .filter(({ name }) => metadata.has(name))
    .map(({ name, version }) => ({ name, version, licence: readLicence(name, declaredBy(metadata.get(name))) }));
}

/** The packages of npm in the API image, which has all of the Lambda image's. */
function listNode() {
  const folder = mkdtempSync(join(tmpdir(), 'licences-'));
  try {
    const { components } = makeSboms(folder).api;
    return components
      .filter(({ type }) => type === 'library')
      .map(({ name, version, licenses = [] }) => {
        const declared = licenses.map(({ expression, license }) => expression ?? license.id ?? license.name);
        return { name, version, licence: readLicence(name, declared) };
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const describe = ({ name, version, licence }) =>
  `| ${name} | ${version} | ${licence} | ${reasonFor(name, licence) ?? ''} |`;
const table = (packages) =>
  ['| package | version | licence | why it ships |', '| --- | --- | --- | --- |', ...packages.map(describe)].join('\n');

const [node, python] = [listNode(), listPython()];
const text = `# Licences

Made by \`npm run licences\`. What ships is under permissive licences, the exceptions have a reason
([decision 0087](decisions/0087-supply-chain.md)). \`supply-chain/licence-policy.mjs\` says which those are, and a test refuses the others.
Packages that bring code of others along (ONNX Runtime, PyTorch, Swagger UI) list its licences in their own files.

## The Lambda image and the API image

${table(node)}

The image for GPUs has ONNX Runtime's CUDA provider beside them, from the package onnxruntime-gpu (MIT).

## The training image

${table(python)}
`;
writeFileSync(join(root, licencesFile), text);
const problems = findProblems([...node, ...python]);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
