// Writes the SBOMs of the images of Dockerfile.lambda, in CycloneDX: of all packages of the lock file, as `npm sbom` describes them, those
// that are in the image. esbuild tells which are in a bundle; the others lie in the image's node_modules (decision 0087).
//
//   node supply-chain/image-sbom.mjs --npm SBOM --packages FILE --modules FOLDER --base IMAGE --cuda-base IMAGE --out FOLDER
//
// FILE is what `node build.mjs --packages FILE` wrote. The same content makes the same bytes, so that the image's layer stays.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const words = ['npm', 'packages', 'modules', 'base', 'cuda-base', 'out'];
const { values: options } = parseArgs({ options: Object.fromEntries(words.map((word) => [word, { type: 'string' }])) });

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const npm = readJson(options.npm);
const bundles = Object.entries(readJson(options.packages));
const project = npm.metadata.component;

/** The image's node_modules, a folder per package. */
const listModules = () =>
  readdirSync(options.modules)
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(options.modules, name)).map((more) => join(name, more)) : name,
    )
    .map((name) => join(options.modules, name));

/** A package by its folder, `name@version`. */
const readReference = (folder) => {
  const { name, version } = readJson(join(folder, 'package.json'));
  return `${name}@${version}`;
};

/** The provider for GPUs comes from a package for Python: decision 0081. */
const describeProvider = () => {
  const line = readFileSync(join('infra', 'cuda-provider.txt'), 'utf8');
  const [, name, version, hash] = /^([\w-]+)==(\S+) --hash=sha256:(\w+)$/m.exec(line);
  return {
    'bom-ref': `${name}@${version}`,
    type: 'library',
    name,
    version,
    purl: `pkg:pypi/${name}@${version}`,
    hashes: [{ alg: 'SHA-256', content: hash }],
    licenses: [{ license: { id: 'MIT' } }],
  };
};

const coverage =
  'Lists the packages that the project adds. What the base image brings, its operating system and Node.js included, is not listed here: ' +
  'the name and the digest of the base image stand for it.';

const describeBase = (image) => {
  const [, name, version = 'latest'] = /^(.*?[^/:@]+)(?:[:@]([^/]+))?$/.exec(image);
  return { 'bom-ref': 'base', type: 'container', name, version, description: 'The base image, by tag or digest.' };
};

function describeImage(image, base, references, others = []) {
  const components = npm.components.filter((component) => references.has(component['bom-ref']));
  const missing = [...references].filter((reference) => !components.some((found) => found['bom-ref'] === reference));
  if (missing.length > 0)
    throw new Error(`package-lock.json does not have ${missing.join(', ')}, which ${image} contains.`);
  const used = new Set([...references, project['bom-ref']]);
  const dependencies = npm.dependencies
    .filter(({ ref }) => used.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((name) => used.has(name)) }));
  return {
    $schema: npm.$schema,
    bomFormat: npm.bomFormat,
    specVersion: npm.specVersion,
    version: 1,
    metadata: {
      tools: npm.metadata.tools,
      component: { ...project, type: 'container', name: `${project.purl.split('/')[1].split('@')[0]}/${image}` },
      properties: [{ name: 'serverless-bert:coverage', value: coverage }],
    },
    components: [
      describeBase(base),
      ...components.map(({ properties, externalReferences, ...rest }) => rest),
      ...others,
    ],
    dependencies: [...dependencies, ...others.map((other) => ({ ref: other['bom-ref'], dependsOn: [] }))],
    compositions: [{ aggregate: 'incomplete', assemblies: [project['bom-ref']] }],
  };
}

const referencesOf = (isInImage) => {
  const folders = bundles.filter(([bundle]) => isInImage(bundle)).flatMap(([, packages]) => packages);
  return new Set([...folders, ...listModules()].map(readReference));
};

const everything = referencesOf(() => true);
const images = {
  lambda: describeImage(
    'lambda',
    options.base,
    referencesOf((bundle) => !bundle.startsWith('local/')),
  ),
  api: describeImage('api', options.base, everything),
  'api-gpu': describeImage('api-gpu', options['cuda-base'], everything, [describeProvider()]),
};
mkdirSync(options.out, { recursive: true });
for (const [image, sbom] of Object.entries(images))
  writeFileSync(join(options.out, `${image}.cdx.json`), `${JSON.stringify(sbom, undefined, 1)}\n`);
