// Dockerfile.train's image: its content, and how it trains a tiny BERT in a mounted folder and in S3.
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, lstatSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { findProblems, readLicence } from '../../supply-chain/licence-policy.mjs';
import { readPins, splitReference } from '../../supply-chain/shipped.mjs';
import { expectOneNewLayer, listFiles, listImageFiles, printSteps } from '../containers/image-content.mjs';
import { inspectImage, runOnce, startContainer, withImageFiles } from '../containers/podman.mjs';
import { requireTools } from '../containers/tools.mjs';
import { findTorchLock } from '../python.mjs';
import { makeBucket } from '../s3/buckets.ts';
import { declaredLicences, librariesOf, type Sbom, validateSbom } from '../supply-chain/sbom.ts';
import { giveTo, makeInputFolder, tinySettings } from './inputs.mjs';
import { baseName, buildChangedImage, buildTrainImage, revision } from './train-image.mjs';

type Options = Omit<Parameters<typeof startContainer>[0], 'image' | 'name'>;
type Ended = { readonly code: number; readonly output: string };

const home = '/home/bert';
/** The user of Dockerfile.train. */
const bert = 1000;
/** A user that the container does not know. */
const stranger = 4321;
/** What AWS Batch's job definition asks for: nothing can be written but /tmp, and nothing is allowed. */
const confinement = [
  ...['--read-only', '--read-only-tmpfs=false', '--tmpfs', '/tmp:rw,exec,nosuid,nodev,mode=1777'],
  ...['--cap-drop', 'all', '--security-opt', 'no-new-privileges'],
];

/** Mounts a folder where the tutorial does. */
const mount = (folder: string, options = 'rw') => ['--volume', `${folder}:${home}/data:${options}`];

let started = 0;
function start(options: Options) {
  started += 1;
  return startContainer({ network: 'none', ...options, image, name: `train-${started}` });
}

/** Runs a container to its end. */
async function run(options: Options): Promise<Ended> {
  const { exited, output } = start(options);
  return { code: Number(await exited), output: output() };
}

/** Expects an exit code. The output is in the message where it is another one. */
const expectEnd = (ended: Ended, code = 0) => expect(ended).toEqual({ code, output: expect.any(String) });

/** The details of an event that a run announced. */
function findEvent({ output }: Ended, event: string): Record<string, string> {
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  const found = lines.map((line) => JSON.parse(line)).find((line) => line.event === event);
  if (!found) throw new Error(`No event ${event} in:\n${output}`);
  return found;
}

/** Lets the serving side verify what training published. */
function expectVerified(version: string | undefined, store: string, environment: NodeJS.ProcessEnv = {}) {
  const command = join(import.meta.dirname, '..', '..', 'dist', 'local', 'model.mjs');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [command, 'verify', String(version), '--store', store],
    { encoding: 'utf8', env: { ...process.env, ...environment } },
  );
  expect([status, `${stdout}${stderr}`]).toEqual([0, expect.any(String)]);
}

requireTools();
const image = buildTrainImage();

describe('the image', () => {
  it('starts train.py as bert in the app folder, and has no entry point', () => {
    const { User, WorkingDir, Entrypoint, Cmd } = inspectImage(image).Config;
    expect({ User, WorkingDir, Entrypoint: Entrypoint ?? [], Cmd }).toEqual({
      User: 'bert',
      WorkingDir: `${home}/app`,
      Entrypoint: [],
      Cmd: ['python3', 'train.py'],
    });
  });

  it('has the code of training in the app folder, which its user cannot change, and an empty data folder', () => {
    const paths = listImageFiles(image, [home]).map(({ path }) => path);
    const names = paths.filter((path) => !/\/\.(bash|profile)/.test(path));
    expect(names).toEqual(expect.arrayContaining([`${home}/app/train.py`, `${home}/app/release/report.css`]));
    expect(
      names.filter((path) => !/^\/home\/bert\/app\/((\w+\/)?\w+\.(py|css)|data\/sentences\/[a-z-]+\.txt)$/.test(path)),
    ).toEqual([
      `${home}/app/emoji.txt`,
      ...['-cpu.lock', '-cuda.lock', '-sbom.lock', '-sbom.txt', '.lock', '.txt'].map(
        (end) => `${home}/app/requirements${end}`,
      ),
    ]);
    const writable = withImageFiles(image, (root: string) => {
      const all = ['', ...readdirSync(join(root, home, 'app'), { recursive: true }).map(String)];
      return all.filter((path) => {
        const { uid, mode } = statSync(join(root, home, 'app', path));
        return uid === bert || (mode & 0o002) !== 0;
      });
    });
    expect(writable).toEqual([]);
  });

  const readSbom = (root: string): Sbom => JSON.parse(readFileSync(join(root, 'opt/sbom.cdx.json'), 'utf8'));
  const toPin = (reference: string) => splitReference(reference.replace(/\+cpu$/, '').replace('@', '==')).join('==');

  it('lists in its SBOM the packages of Python that it has, and no other', async () => {
    const sbom: Sbom = withImageFiles(image, readSbom);
    expect(await validateSbom(JSON.stringify(sbom))).toBeNull();
    expect(sbom.components.map(({ name, version }) => `${name}:${version}`)).toContain(baseName);
    const installed = withImageFiles(image, (root: string) => {
      const folder = join(root, 'opt/venv/lib');
      const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
      const names = paths.map((path) => /site-packages\/([^/]+)-([^/-]+)\.dist-info$/.exec(path));
      return names.flatMap((found) => (found ? [toPin(`${found[1]}@${found[2]}`)] : []));
    });
    expect(librariesOf(sbom).map(toPin).sort()).toEqual(installed.sort());
  });

  it('has the locked versions, and pip as its Python brings it', () => {
    const names = ['requirements.lock', findTorchLock()];
    const pins = names.flatMap((name) => readPins(readFileSync(join('training', name), 'utf8')));
    const locked = pins.map(({ name, version }) => `${name}==${version}`);
    const others = librariesOf(withImageFiles(image, readSbom))
      .map(toPin)
      .filter((pin) => !locked.includes(pin));
    expect(others.map((pin) => pin.split('==')[0])).toEqual(['pip']);
  });

  it('has packages under licences that may ship alone', () => {
    const { components }: Sbom = withImageFiles(image, readSbom);
    const libraries = components.filter(({ type }) => type === 'library');
    const packages = libraries.map((library) => {
      const [name = ''] = splitReference(library.name);
      return { name, version: library.version, licence: readLicence(name, declaredLicences(library)) };
    });
    expect(findProblems(packages)).toEqual([]);
  });

  it('has one new layer, the highest and a small one, after a change of a script', () => {
    const change = (folder: string) => appendFileSync(join(folder, 'training/train.py'), '\n# Changed.\n');
    expectOneNewLayer(image, buildChangedImage(change), baseName);
    printSteps(image, baseName);
  });

  it('runs a command of one’s own instead, as a user that is not root', () => {
    const lines = runOnce(image, ['/bin/sh', '-c', 'id -u; id -un; pwd; echo $HOME']).split('\n');
    expect(lines).toEqual([String(bert), 'bert', `${home}/app`, home]);
  });
});

// Both trainings begin at once, because the machine has more than one processor. The tests wait for them.
const folder = makeInputFolder();
giveTo(bert, folder);
const models = join(folder, 'models');
const mounted = run({ env: tinySettings, flags: mount(folder), command: ['python3', 'train.py'] });

const strangeFolder = makeInputFolder();
const bucket = await makeBucket();
for (const path of listFiles(strangeFolder)) await bucket.put(`input/${path}`, readFileSync(join(strangeFolder, path)));
giveTo(stranger, strangeFolder);
const environment = {
  AWS_ENDPOINT_URL: bucket.endpoint,
  AWS_REGION: 'us-east-1',
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_EC2_METADATA_DISABLED: 'true',
};
const inBucket = run({
  env: {
    ...tinySettings,
    ...environment,
    TRAINING_FILE: `s3://${bucket.name}/input/imdb.csv`,
    BERT_PATH: `s3://${bucket.name}/input/bert_base_uncased`,
    MODEL_PATH: `s3://${bucket.name}/sentiment`,
    CHECKPOINT_PATH: `s3://${bucket.name}/sentiment/training/checkpoints`,
  },
  flags: confinement,
  network: 'host',
});

describe('python3 train.py in a mounted folder', () => {
  const readManifest = async () => {
    const version = String(findEvent(await mounted, 'published').version);
    return { version, manifest: JSON.parse(readFileSync(join(models, 'versions', version, 'manifest.json'), 'utf8')) };
  };

  it('trains on imdb.csv and leaves model and report there', async () => {
    expectEnd(await mounted);
    const files = listFiles(join(models, 'versions', (await readManifest()).version));
    expect(files).toEqual(expect.arrayContaining(['manifest.json', 'model.onnx', 'report.html', 'golden.json']));
  });

  it('publishes what npm run model -- verify accepts', async () =>
    expectVerified((await readManifest()).version, `file:${models}`));

  it('writes the revision of the image into the manifest', async () =>
    expect((await readManifest()).manifest.provenance.revision).toBe(revision));

  it('writes files of an unprivileged user', async () => {
    await mounted;
    expect([...new Set(listFiles(models).map((path) => lstatSync(join(models, path)).uid))]).toEqual([bert]);
  });

  it('warns without a GPU that it will be slow, and explains how to give it one', async () =>
    expect(findEvent(await mounted, 'slow').reason).toMatch(
      /^Training on the CPU, .*no NVIDIA driver is visible: start the container with docker run --gpus 1/,
    ));

  it('ends with 143 and a checkpoint on docker stop', async () => {
    await mounted;
    rmSync(join(folder, 'checkpoints'), { recursive: true });
    const endless = start({ env: { ...tinySettings, EPOCHS: '100000' }, flags: mount(folder) });
    const ended = endless.exited.then((code) =>
      Promise.reject(new Error(`It ended with ${code}:\n${endless.output()}`)),
    );
    ended.catch(() => {});
    while (!endless.output().includes('"event": "evaluated"')) await Promise.race([sleep(200), ended]);
    endless.signal('TERM');
    expectEnd({ code: Number(await endless.exited), output: endless.output() }, 143);
    expect(listFiles(join(folder, 'checkpoints')).filter((path) => path.endsWith('.safetensors'))).not.toEqual([]);
  });

  it('refuses a folder mounted with :ro before any training', async () => {
    await mounted;
    const env = { ...tinySettings, MODEL_PATH: `${home}/data/other` };
    const refused = await run({ env, flags: mount(folder, 'ro') });
    expectEnd(refused, 2);
    expect(refused.output).toMatch(/data\/other cannot be written \(Read-only file system\); .* without :ro/);
  });
});

it('trains with s3:// locations without a mount and on a read-only root', async () => {
  const ended = await inBucket;
  expectEnd(ended);
  expectVerified(findEvent(ended, 'published').version, `s3://${bucket.name}/sentiment`, environment);
  const client = new S3Client({ endpoint: bucket.endpoint, forcePathStyle: true, region: 'us-east-1' });
  const Prefix = 'sentiment/training/checkpoints/';
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket.name, Prefix }));
  expect(Contents).not.toEqual([]);
});

it('reports what is missing if nothing is mounted, and which flag to add', async () => {
  const refused = await run({});
  expectEnd(refused, 2);
  expect(refused.output).toMatch(/data\/imdb\.csv: no such file; a container sees only what is mounted, so add -v "/);
  expect(refused.output).toMatch(/data\/bert_base_uncased: no such folder; .* mounted with -v "/);
  expect(refused.output).not.toContain('Traceback');
});

describe('with another user’s folder', () => {
  it('changes nothing, and reports the owner and the flag to add', async () => {
    const refused = await run({ env: tinySettings, flags: mount(strangeFolder) });
    expectEnd(refused, 2);
    const lines = refused.output.trim().split('\n');
    expect(lines).toHaveLength(4);
    for (const line of lines) {
      expect(line).toMatch(/^\/home\/bert\/data\/\S+ cannot be (read|written) \(Permission denied\); /);
      expect(line).toContain(`/home/bert/data belongs to user id ${stranger}, and this is user id ${bert}`);
      expect(line).toContain(`add --user ${stranger}:${stranger} to docker run`);
    }
    expect(existsSync(join(strangeFolder, 'models'))).toBe(false);
  });

  it('trains there with that flag, on a read-only root too', async () => {
    const flags = [...confinement, ...mount(strangeFolder), '--user', `${stranger}:${stranger}`];
    const trained = await run({ env: tinySettings, flags });
    expectEnd(trained);
    const version = String(findEvent(trained, 'published').version);
    expect(lstatSync(join(strangeFolder, 'models', 'versions', version, 'model.onnx')).uid).toBe(stranger);
  });
});
