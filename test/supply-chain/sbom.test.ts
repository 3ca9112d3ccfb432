// The SBOMs of the images of Dockerfile.lambda, made from this checkout by the Dockerfile's commands. test:image checks those in the image.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSboms, readBases } from '../../supply-chain/checkout-sbom.mjs';
import { licencesFile, readLicences } from '../../supply-chain/shipped.mjs';
import { librariesOf, listBundled, type Sbom, validateSbom } from './sbom.ts';

const folder = mkdtempSync(join(tmpdir(), 'sbom-'));
const sboms: Record<'lambda' | 'api' | 'api-gpu', Sbom> = makeSboms(folder);
/** Neither is in a bundle with a source map: one is native code, the other a finished bundle. */
const beside = ['onnxruntime-common', 'onnxruntime-node', 'swagger-ui-dist'];

const namesOf = (sbom: Sbom) =>
  librariesOf(sbom)
    .map((library) => library.replace(/@[^@]+$/, ''))
    .sort();

describe.each(['lambda', 'api', 'api-gpu'] as const)('the SBOM of the image %s', (image) => {
  it('is valid CycloneDX', async () => {
    expect(await validateSbom(JSON.stringify(sboms[image]))).toBeNull();
  });

  it('says on which base it is, and that it does not list what the base brings', () => {
    const { BASE, CUDA_BASE } = readBases();
    const [base] = sboms[image].components;
    expect(`${base?.name}:${base?.version}`).toBe(image === 'api-gpu' ? CUDA_BASE : BASE);
    expect(sboms[image].compositions).toEqual([{ aggregate: 'incomplete', assemblies: [expect.any(String)] }]);
    expect(sboms[image].metadata.properties[0]?.value).toContain('is not listed here');
  });

  it('has nothing that differs from one build to the next', () => {
    expect(JSON.stringify(sboms[image])).not.toMatch(/timestamp|serialNumber/);
  });

  it('has a hash for each package', () => {
    const libraries = sboms[image].components.filter(({ type }) => type === 'library');
    expect(libraries.filter(({ hashes = [] }) => hashes.length === 0)).toEqual([]);
  });
});

describe('the packages', () => {
  it('of the API image are those whose sources the bundles have, ONNX Runtime and Swagger UI', () => {
    expect(namesOf(sboms.api)).toEqual([...listBundled(join(folder, 'dist')), ...beside].sort());
  });

  it('of the Lambda image are those of its functions and layers', () => {
    const bundled = ['functions', 'layers'].flatMap((part) => listBundled(join(folder, 'dist', part)));
    expect(namesOf(sboms.lambda)).toEqual([...new Set([...bundled, ...beside])].sort());
    expect(namesOf(sboms.lambda)).not.toContain('commander');
  });

  it('of the image for GPUs are those of the API image and the CUDA provider', () => {
    const provider = /^onnxruntime-gpu==(\S+)/m.exec(readFileSync('infra/cuda-provider.txt', 'utf8'))?.[1];
    expect(librariesOf(sboms['api-gpu'])).toEqual([...librariesOf(sboms.api), `onnxruntime-gpu@${provider}`].sort());
  });

  it('have their licences in docs/licences.md', () => {
    const listed = readLicences(readFileSync(licencesFile, 'utf8')).map(({ name, version }) => `${name}@${version}`);
    expect(librariesOf(sboms.api).filter((library) => !listed.includes(library))).toEqual([]);
  });
});

it('a SBOM with a component without a name is refused', async () => {
  const { components, ...rest } = sboms.lambda;
  const unnamed = components.map(({ name: _, ...component }) => component);
  expect(await validateSbom(JSON.stringify({ ...rest, components: unnamed }))).not.toBeNull();
});
