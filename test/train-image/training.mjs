// Checks of the image at work: it trains a tiny BERT in a mounted folder and in S3.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lstatSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { podman } from '../image/podman.mjs';
import { assertEnded, bert, confinement, createContainers, findEvent, mount } from './container.mjs';
import { giveTo, listFiles, makeInputFolder, startInputBucket, tinySettings } from './inputs.mjs';
import { checkMistakes, checkStranger } from './refusals.mjs';
import { revision } from './train-image.mjs';

const modelCommand = join(import.meta.dirname, '..', '..', 'dist', 'local', 'model.mjs');
const trainCommand = ['python3', 'train.py'];
const stopLimitMs = 120_000;

/** The serving side's own opinion of what training published. */
function verify(version, store, environment = {}) {
  const env = { ...process.env, ...environment };
  const args = [modelCommand, 'verify', version, '--store', store];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  assert.equal(status, 0, `${stdout}${stderr}`);
}

async function checkMounted({ check, containers, folder }) {
  giveTo(bert, folder);
  const trained = await containers.run({ env: tinySettings, flags: mount(folder), command: trainCommand });
  const models = join(folder, 'models');
  await check('python3 train.py trains on imdb.csv of the mounted folder and leaves model and report there', () => {
    assertEnded(trained);
    const { version } = findEvent(trained.output, 'published');
    const files = listFiles(join(models, 'versions', version));
    for (const name of ['manifest.json', 'model.onnx', 'report.html', 'golden.json'])
      assert.ok(files.includes(name), `${name} is not among ${files.join(', ')}`);
    const { accuracy } = JSON.parse(readFileSync(join(models, 'versions', version, 'manifest.json'), 'utf8')).metrics;
    return `accuracy ${accuracy}`;
  });
  await check('npm run model -- verify accepts it', () =>
    verify(findEvent(trained.output, 'published').version, `file:${models}`),
  );
  await check('its manifest names the revision that the image was built from', () => {
    const { version } = findEvent(trained.output, 'published');
    const manifest = JSON.parse(readFileSync(join(models, 'versions', version, 'manifest.json'), 'utf8'));
    assert.equal(manifest.provenance.revision, revision);
  });
  await check('what it wrote belongs to an unprivileged user', () => {
    assert.deepEqual([...new Set(listFiles(models).map((path) => lstatSync(join(models, path)).uid))], [bert]);
  });
  await check('without a GPU it says that it will be slow, and how to give it one', () => {
    const { reason } = findEvent(trained.output, 'slow');
    assert.match(
      reason,
      /^Training on the CPU, .*no NVIDIA driver is visible: start the container with docker run --gpus 1/,
    );
    return reason.split(':')[0];
  });
}

async function checkBucket({ check, cleanup, containers, folder }) {
  const bucket = await startInputBucket(folder);
  cleanup.later(bucket.stop);
  const trained = await containers.run({
    env: { ...tinySettings, ...bucket.variables },
    flags: confinement,
    network: 'host',
  });
  await check('with s3:// locations it needs no mount, nor a root that can be written', async () => {
    assertEnded(trained);
    const { version } = findEvent(trained.output, 'published');
    verify(version, bucket.store, bucket.environment);
    const keys = await bucket.list();
    const kept = keys.filter((key) => key.startsWith('sentiment/training/checkpoints/'));
    assert.notEqual(kept.length, 0, keys.join('\n'));
    return `${keys.filter((key) => key.startsWith(`sentiment/versions/${version}/`)).length} files of the version`;
  });
}

async function checkStop({ check, containers, folder }) {
  await check('docker stop ends it with 143 and a checkpoint', async () => {
    rmSync(join(folder, 'checkpoints'), { recursive: true });
    const endless = containers.start({ env: { ...tinySettings, EPOCHS: '100000' }, flags: mount(folder) });
    for (
      const deadline = Date.now() + stopLimitMs;
      !endless.output().includes('"event": "evaluated"');
      await sleep(200)
    )
      if (Date.now() > deadline) throw new Error(`No epoch within ${stopLimitMs / 1000} s:\n${endless.output()}`);
    podman(['kill', '--signal', 'TERM', endless.name]);
    assertEnded({ code: await endless.exited, output: endless.output() }, 143);
    assert.ok(listFiles(join(folder, 'checkpoints')).some((path) => path.endsWith('.safetensors')));
  });
}

/** Runs the checks that need a container, two at a time. */
export async function checkTraining(image, { check, cleanup }) {
  const containers = createContainers({ image, cleanup });
  const prepare = () => {
    const { folder, remove } = makeInputFolder();
    cleanup.later(remove);
    return { check, cleanup, containers, folder };
  };
  await check('a command of one’s own runs instead, as a user that is not root', async () => {
    const { output } = await containers.run({ command: ['/bin/sh', '-c', 'id -u; id -un; pwd; echo $HOME'] });
    assert.deepEqual(output.trim().split('\n'), [String(bert), 'bert', '/home/bert/app', '/home/bert']);
  });
  const checkAll = async (checks) => {
    const prepared = prepare();
    for (const each of checks) await each(prepared);
  };
  await Promise.all([checkAll([checkMounted, checkStop, checkMistakes]), checkAll([checkBucket, checkStranger])]);
}
