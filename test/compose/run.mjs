// `npm run test:compose`: docker-compose.yml's services, started by podman one by one, and the API image alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createChecks } from '../image/checks.mjs';
import { createCleanup } from '../image/cleanup.mjs';
import { provideLambdaBase } from '../image/lambda-base.mjs';
import { baseName } from '../image/lambda-image.mjs';
import { buildImage, inspectImage, podman, startContainer } from '../image/podman.mjs';
import { requireTools } from '../image/tools.mjs';
import { prepareEnvironment } from '../python.mjs';
import { motoVersion, provideEmulator } from './emulator.mjs';
import { startNetwork } from './network.mjs';
import { readServices, runOnce, startService, waitUntilHealthy } from './services.mjs';

const root = join(import.meta.dirname, '..', '..');
const services = readServices();
const address = 'http://localhost:5000';

function buildApi() {
  const { dockerfile, target } = services.api.build;
  const file = join(root, dockerfile);
  provideLambdaBase(baseName, { real: false });
  // The first stage gets a name too, so that its cache is kept.
  buildImage({ file, context: root, tag: 'localhost/serverless-bert/lambda-build:latest', target: 'build' });
  return buildImage({ file, context: root, tag: services.api.image, target });
}

/** `npm run smoke` in the containers' network. */
function smoke(network) {
  const { status, stdout, stderr } = network.run(process.execPath, [join(root, 'dist', 'local', 'smoke.mjs'), address]);
  assert.equal(status, 0, `${stdout}${stderr}`);
  return /^ok +first request +(.*)$/m.exec(stdout)[1];
}

/** What the kernel says about a container's first process. */
function readProcess({ name }) {
  const pid = podman(['container', 'inspect', '--format', '{{.State.Pid}}', name]);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mounts = readFileSync(`/proc/${pid}/mounts`, 'utf8');
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  const commands = children.map((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8'));
  return {
    user: Number(/^Uid:\s+(\d+)/m.exec(status)[1]),
    capabilities: Number.parseInt(/^CapEff:\s+(\S+)/m.exec(status)[1], 16),
    readOnly: /^\S+ \/ \S+ ro[, ]/m.test(mounts),
    workers: commands.filter((command) => command.includes('worker.mjs')).length,
  };
}

async function checkTogether({ check, cleanup, network, emulator }) {
  const s3 = startService('s3', { network, more: emulator });
  cleanup.later(async () => s3.stop());
  await check('s3 becomes healthy', () => waitUntilHealthy('s3', s3));
  await check('sample puts models/sample into the bucket and ends', async () => {
    const sample = startService('sample', { network });
    assert.equal(await sample.exited, 0, sample.output());
    return sample.output().trim();
  });
  await check('sample does no harm when it runs again', async () => {
    const again = startService('sample', { network });
    assert.equal(await again.exited, 0, again.output());
  });
  const api = startService('api', { network });
  cleanup.later(async () => api.stop());
  await check('api becomes healthy', () => waitUntilHealthy('api', api));
  await check('npm run smoke finds nothing wrong with it', () => smoke(network));
  await check('it runs four workers, unprivileged, on a read-only root', () =>
    assert.deepEqual(readProcess(api), { user: 1000, capabilities: 0, readOnly: true, workers: 4 }),
  );
  await check('SIGTERM ends it with 0', async () => {
    podman(['kill', '--signal', 'TERM', api.name]);
    assert.equal(await api.exited, 0, api.output());
  });
}

/** `docker run -v <data>:/home/bert/data`, as in the tutorial; `data` has the model store in `models`. */
async function checkAlone({ check, cleanup, network, image }) {
  const start = (name, flags) => {
    const container = startContainer({
      image,
      name: `serverless-bert-${process.pid}-${name}`,
      network: network.name,
      flags,
    });
    cleanup.later(async () => container.stop());
    return container;
  };
  await check('the image alone serves a mounted folder', async () => {
    const alone = start('alone', ['--volume', `${join(root, 'models', 'sample')}:/home/bert/data/models:ro`]);
    await waitUntilHealthy('api', alone);
    const seen = smoke(network);
    alone.stop();
    await alone.exited;
    return seen;
  });
  await check('without the folder it says what is not mounted, and stays', async () => {
    const bare = start('bare', []);
    await waitUntilHealthy('api', bare);
    const { stdout } = network.run(process.execPath, [
      '-e',
      `fetch('${address}/predict?sentence=a').then((r) => console.log(r.status))`,
    ]);
    assert.equal(stdout.trim(), '503');
    assert.match(bare.output(), /\/home\/bert\/data\/models is not a folder\. A container sees only what is mounted\./);
    bare.stop();
    await bare.exited;
  });
  await check('a command of one’s own runs instead', () => {
    assert.equal(runOnce(image, ['/bin/sh', '-c', 'id -u; echo $HOME']), '1000\n/home/bert\n');
  });
}

async function checkFile({ check, image }) {
  await check('the emulator is the version that the tests run', () => {
    assert.equal(services.s3.image, `motoserver/moto:${motoVersion()}`);
  });
  await check('the API answers on port 5000 of this machine', () =>
    assert.deepEqual(services.api.ports, ['5000:5000']),
  );
  await check('the image is for an unprivileged user', () =>
    assert.equal(inspectImage(image).Config.User, '1000:1000'),
  );
}

async function test() {
  requireTools();
  prepareEnvironment();
  const image = buildApi();
  const { check, finish } = createChecks();
  const cleanup = createCleanup();
  try {
    const network = await startNetwork();
    cleanup.later(network.stop);
    const emulator = provideEmulator(services.s3.image);
    await checkFile({ check, image });
    await checkTogether({ check, cleanup, network, emulator });
    await checkAlone({ check, cleanup, network, image });
  } finally {
    await cleanup.now();
  }
  return finish();
}

try {
  process.exitCode = (await test()) ? 0 : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
