// Dockerfile.lambda's image: its content, and the predict function in a sandbox like Lambda's with its model in S3.
import { appendFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addDigest } from '../../layers/model-store/index.ts';
import { makeSboms } from '../../supply-chain/checkout-sbom.mjs';
import { expectOneNewLayer, listFiles, listImageFiles, printSteps } from '../containers/image-content.mjs';
import { baseName, buildChangedImage, buildLambdaImage, provideLambdaBase } from '../containers/lambda-image.mjs';
import { inspectImage, pruneImages, withImageFiles } from '../containers/podman.mjs';
import { memoryMiB, startSandbox, userId } from '../containers/sandbox.mjs';
import { requireTools, undoLater } from '../containers/tools.mjs';
import { startCredentialServer } from '../functions/predict/credential-server.ts';
import { createEvent } from '../functions/predict/http-event.ts';
import { makeBucket } from '../s3/buckets.ts';
import { librariesOf, type Sbom, validateSbom } from '../supply-chain/sbom.ts';

const modules = '/opt/nodejs/node_modules';
const sentence = 'this is the best book ever';
/** `SAMPLE_MODEL` may name another store's folder, as in the tests of the inference layer. */
const sample = process.env.SAMPLE_MODEL ?? join(import.meta.dirname, '..', '..', 'models', 'sample');
const { version } = JSON.parse(readFileSync(join(sample, 'current.json'), 'utf8'));

requireTools();
provideLambdaBase();
const image = buildLambdaImage();
afterAll(() => void pruneImages());

describe('the image', () => {
  const files = listImageFiles(image, ['/opt', '/var/task']);
  const paths = files.map(({ path }) => path);

  it(`has native code of ONNX Runtime for linux/${process.arch} and no other`, () => {
    const runtime = `${modules}/onnxruntime-node/bin/napi-v6/linux/${process.arch}`;
    const native = files.filter(({ elf, path }) => elf || /\.(node|dll|dylib|so)(\.|$)/.test(path));
    expect(native.map(({ path }) => path).sort()).toEqual([
      `${runtime}/libonnxruntime.so.1`,
      `${runtime}/onnxruntime_binding.node`,
    ]);
  });

  it('has only ONNX Runtime in node_modules, without the dependencies of its install script', () => {
    const inModules = paths.filter((path) => path.startsWith(modules)).map((path) => path.slice(modules.length + 1));
    expect([...new Set(inModules.map((path) => path.split('/')[0]))].sort()).toEqual([
      'onnxruntime-common',
      'onnxruntime-node',
    ]);
    expect(inModules.filter((path) => /^onnxruntime-node\/(script|lib)\//.test(path))).toEqual([]);
  });

  it('has no sources, tests, training code or models', () => {
    const unwanted = /\.(py|onnx|safetensors|test\.\w+)$|(?<!\.d)\.ts$|\/(test|training|models)\//;
    expect(paths.filter((path) => unwanted.test(path))).toEqual([]);
  });

  it('lists in its SBOM the packages that it has, and no other', async () => {
    const read = (root: string) => readFileSync(join(root, 'opt/sbom.cdx.json'), 'utf8');
    const sbom: Sbom = JSON.parse(withImageFiles(image, read));
    expect(await validateSbom(JSON.stringify(sbom))).toBeNull();
    // Those of node_modules are counted above. test/supply-chain/ compares those of this checkout with the bundles.
    const { lambda } = makeSboms(mkdtempSync(join(tmpdir(), 'sbom-')));
    expect(librariesOf(sbom)).toEqual(librariesOf(lambda));
    expect(sbom.components.map(({ name, version }) => `${name}:${version}`)).toContain(baseName);
  });

  it('has the page in a layer below the functions', () => {
    expect(paths).toContain('/opt/nodejs/page/index.html.gz');
    expect(paths.filter((path) => path.startsWith('/var/task/')).sort()).toContain('/var/task/page');
  });

  it('turns telemetry off in its own environment, and its command is the predict function', () => {
    const { Env, Cmd } = inspectImage(image).Config;
    expect(Env).toContain('ORT_DISABLE_TELEMETRY=1');
    expect(Cmd).toEqual(['functions/predict/index.handler']);
  });

  it('allows SnapStart, which asks an image for Node for a label', () => {
    expect(inspectImage(image).Config.Labels).toMatchObject({ 'com.amazonaws.lambda.feature.snapstart': 'Allow' });
  });

  it('has one new, small layer after a change of the handler', () => {
    const changed = buildChangedImage((folder: string) => {
      appendFileSync(join(folder, 'functions/predict/index.ts'), '\nexport const changed = true;\n');
    });
    expectOneNewLayer(image, changed, baseName);
    printSteps(image, baseName);
  });
});

describe('the predict function in a sandbox', () => {
  const event = createEvent({ query: new URLSearchParams({ sentence }).toString() });
  let bucket: Awaited<ReturnType<typeof makeBucket>>;
  let sandbox: Awaited<ReturnType<typeof startSandbox>>;

  const start = () => {
    const variables = { AWS_ENDPOINT_URL: bucket.endpoint, MODEL_URI: `s3://${bucket.name}/sentiment` };
    return startSandbox({ image, variables });
  };

  /** Uploads the sample model. The pointer comes last, because it makes the rest visible. */
  async function upload() {
    const names = listFiles(join(sample, 'versions')).map((name) => `versions/${name}`);
    for (const name of [...names, 'current.json'])
      await bucket.put(`sentiment/${name}`, readFileSync(join(sample, name)));
  }

  async function expectAnswer() {
    const { statusCode, body } = await sandbox.invoke(event);
    expect([statusCode, body]).toEqual([200, expect.any(String)]);
    const { response, ...beside } = JSON.parse(body);
    expect(Object.keys(response).sort()).toEqual(['negative', 'positive', 'sentence', 'time_taken']);
    for (const value of Object.values(response)) expect(typeof value).toBe('string');
    expect(response.sentence).toBe(sentence);
    expect(Number(response.positive)).toBeGreaterThan(0.5);
    expect(Number(response.positive) + Number(response.negative)).toBeCloseTo(1, 6);
    expect(beside).toMatchObject({ label: 'positive', model: version, unknown: 0, truncated: false });
    expect(beside.tokens).toBeGreaterThan(6);
  }

  beforeAll(async () => {
    bucket = await makeBucket();
    sandbox = await start();
  });

  it('answers 503 with Retry-After without a model in S3', async () => {
    const { statusCode, headers, body } = await sandbox.invoke(event);
    expect([statusCode, JSON.parse(body).error.code]).toEqual([503, 'MODEL_UNAVAILABLE']);
    expect(new Headers(headers).get('retry-after')).toMatch(/^\d+$/);
  });

  it('answers the next request once the model is there', async () => {
    await upload();
    await expectAnswer();
    await sandbox.stop();
  });

  it('answers a cold GET /predict in the shape of the contract', async () => {
    sandbox = await start();
    await expectAnswer();
  });

  it('answers a browser with the page', async () => {
    const headers = { accept: 'text/html' };
    for (const path of ['/', '/docs'])
      expect(await sandbox.invoke(createEvent({ path, headers }))).toMatchObject({
        statusCode: 200,
        isBase64Encoded: true,
        headers: { 'content-type': 'text/html; charset=utf-8' },
      });
  });

  it('answers a warm GET with the same session: the log has one load', async () => {
    await expectAnswer();
    const lines = sandbox.output().split('\n');
    const loads = lines.filter((line) => line.startsWith('{') && JSON.parse(line).message === 'model loaded');
    expect(loads).toHaveLength(1);
  });

  it('does so on a read-only root', () => expect(sandbox.readProcess().readOnlyRoot).toBe(true));

  it('does so as an unprivileged user without capabilities', () =>
    expect(sandbox.readProcess()).toMatchObject({ userId, capabilities: 0 }));

  it(`does so within ${memoryMiB} MiB`, () => {
    const { memoryLimit, peakMiB } = sandbox.readProcess();
    expect(memoryLimit).toBe(memoryMiB * 2 ** 20);
    process.stdout.write(`The function took at most ${peakMiB} MiB.\n`);
  });

  it('writes only the model to /tmp: ONNX Runtime wrote no telemetry', () => {
    const { temporaryFiles } = sandbox.readProcess();
    expect(temporaryFiles).not.toEqual([]);
    expect(temporaryFiles.filter((path) => !path.includes(version))).toEqual([]);
  });

  it('with SnapStart, answers the first request after the snapshot by the model that is current then', async () => {
    await upload();
    const credentials = await startCredentialServer();
    undoLater(() => credentials.close());
    const keys = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
    const store = { AWS_ENDPOINT_URL: bucket.endpoint, MODEL_URI: `s3://${bucket.name}/sentiment` };
    const copy = await startSandbox({ image, variables: { ...store, ...keys, ...credentials.environment } });
    for (let tries = 0; tries < 300 && !copy.output().includes('model loaded'); tries++) await sleep(100);
    copy.freeze();
    const given = credentials.keys.length;
    const next = '29991231T000000Z-fffffff';
    const folder = join(sample, 'versions', version);
    for (const name of listFiles(folder).filter((name) => name !== 'manifest.json'))
      await bucket.put(`sentiment/versions/${next}/${name}`, readFileSync(join(folder, name)));
    const pointer = JSON.parse(readFileSync(join(sample, 'current.json'), 'utf8'));
    const manifest = addDigest({ ...pointer.manifest, version: next });
    await bucket.put('sentiment/current.json', JSON.stringify({ ...pointer, version: next, manifest }));
    copy.thaw();
    expect(await copy.invoke(event)).toMatchObject({ statusCode: 200, headers: { 'x-model-version': next } });
    expect(credentials.keys.length).toBeGreaterThan(given);
    expect(copy.output()).toContain('"initType":"snap-start"');
    await copy.stop();
  });
});
