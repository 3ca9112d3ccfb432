// The GPU variant of the API image, on a machine without a GPU: what it has, and what it says.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSboms } from '../../supply-chain/checkout-sbom.mjs';
import { listImageFiles } from '../containers/image-content.mjs';
import { inspectImage, readProcess, startContainer, withImageFiles } from '../containers/podman.mjs';
import { requireTools } from '../containers/tools.mjs';
import { librariesOf, type Sbom, validateSbom } from '../supply-chain/sbom.ts';
import { buildGpuImage } from './gpu-image.mjs';
import { readServices, startNetwork, waitUntilHealthy } from './services.mjs';

const root = join(import.meta.dirname, '..', '..');
const address = 'http://localhost:5000';
const service = readServices()['api-gpu'];

requireTools();
const image = buildGpuImage();
const network = await startNetwork();

const start = (name: string, env = {}) => {
  const flags = ['--volume', `${join(root, 'models', 'sample')}:/home/bert/data/models:ro`];
  return startContainer({ image, name, network: network.name, flags, env });
};

it('is a service of its own profile that reserves a GPU and answers on port 5000', () => {
  expect(service).toMatchObject({ profiles: ['gpu'], ports: ['5000:5000'] });
  const [device] = service.deploy.resources.reservations.devices;
  expect(device).toEqual({ driver: 'nvidia', count: 1, capabilities: ['gpu'] });
});

it("has the CUDA provider beside ONNX Runtime, and none of the package's other libraries", () => {
  const runtime = '/opt/nodejs/node_modules/onnxruntime-node/bin/napi-v6/linux/x64';
  const native = listImageFiles(image, ['/opt']).filter(({ elf }) => elf);
  expect(native.map(({ path }) => path).sort()).toEqual([
    `${runtime}/libonnxruntime.so.1`,
    `${runtime}/libonnxruntime_providers_cuda.so`,
    `${runtime}/libonnxruntime_providers_shared.so`,
    `${runtime}/onnxruntime_binding.node`,
  ]);
});

it('lists in its SBOM the packages that it has, the CUDA provider included', async () => {
  const read = (folder: string) => readFileSync(join(folder, 'opt/sbom.cdx.json'), 'utf8');
  const sbom: Sbom = JSON.parse(withImageFiles(image, read));
  expect(await validateSbom(JSON.stringify(sbom))).toBeNull();
  expect(librariesOf(sbom)).toEqual(librariesOf(makeSboms(mkdtempSync(join(tmpdir(), 'sbom-')))['api-gpu']));
});

it('takes the GPU where there is one, with one worker', () => {
  const { Env, Cmd, User } = inspectImage(image).Config;
  expect(Env).toContain('MODEL_DEVICE=auto');
  expect(Cmd.slice(-2)).toEqual(['--workers', '1']);
  expect(User).toBe('1000:1000');
});

it('serves from the CPU without a GPU, and says so in one log line', async () => {
  const api = start('gpu-auto');
  await waitUntilHealthy('api', api);
  const { status, stdout, stderr } = network.run(process.execPath, [join(root, 'dist', 'local', 'smoke.mjs'), address]);
  expect([status, `${stdout}${stderr}`]).toEqual([0, expect.any(String)]);
  expect(readProcess(api).userId).toBe(1000);
  // The smoke test kept this thread busy. What was printed meanwhile is there once the container has ended.
  await api.stop();
  const lines = api.output().split('\n');
  const said = lines.filter((line) => line.includes('model runs on the CPU'));
  expect(said.map((line) => JSON.parse(line).reason)).toEqual([expect.stringContaining('library of CUDA is missing')]);
  expect(lines.filter((line) => line.includes('provider_bridge'))).toEqual([]);
});

it('ends with one sentence if a GPU is demanded', async () => {
  const api = start('gpu-cuda', { MODEL_DEVICE: 'cuda' });
  expect(await api.exited).toBe(2);
  expect(api.output()).toMatch(/^MODEL_DEVICE is cuda, and ONNX Runtime has no GPU here \(.+\); use [^.]+\.\n$/);
});
