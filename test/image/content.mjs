// Checks of the image at rest: what is in it, and what a change makes anew.
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { listImageFiles } from './image-files.mjs';
import { baseName, buildChangedImage } from './lambda-image.mjs';
import { compareLayers, printSteps, showBytes } from './layers.mjs';
import { inspectImage } from './podman.mjs';

const modules = '/opt/nodejs/node_modules';
const runtime = `${modules}/onnxruntime-node/bin/napi-v6/linux/${process.arch}`;
const native = [`${runtime}/libonnxruntime.so.1`, `${runtime}/onnxruntime_binding.node`];

/** Everything under node_modules by package. */
const listPackages = (paths) => [
  ...new Set(
    paths.filter((path) => path.startsWith(modules)).map((path) => path.slice(modules.length + 1).split('/')[0]),
  ),
];

/** Runs the checks that need no container. */
export async function checkContent(image, { check }) {
  const files = listImageFiles(image, ['/opt', '/var/task']);
  const paths = files.map(({ path }) => path);

  await check(`native code is ONNX Runtime for linux/${process.arch} and nothing else`, () => {
    assert.deepEqual(
      files
        .filter(({ elf, path }) => elf || /\.(node|dll|dylib|so)(\.|$)/.test(path))
        .map(({ path }) => path)
        .sort(),
      native,
    );
  });
  await check('node_modules holds ONNX Runtime alone, without what its install script needs', () => {
    assert.deepEqual(listPackages(paths).sort(), ['onnxruntime-common', 'onnxruntime-node']);
    assert.deepEqual(
      paths.filter((path) => /onnxruntime-node\/(script|lib)\//.test(path)),
      [],
    );
    return showBytes(files.filter(({ path }) => path.startsWith(modules)).reduce((sum, { bytes }) => sum + bytes, 0));
  });
  await check('no sources, tests, training code or models', () => {
    assert.deepEqual(
      paths.filter((path) => /\.(py|onnx|safetensors|test\.\w+)$|(?<!\.d)\.ts$|\/(test|training|models)\//.test(path)),
      [],
    );
  });
  await check('telemetry is off in the image itself, and the command is the predict function', () => {
    const { Env, Cmd } = inspectImage(image).Config;
    assert.ok(Env.includes('ORT_DISABLE_TELEMETRY=1'));
    assert.deepEqual(Cmd, ['functions/predict/index.handler']);
  });
  await check('a changed handler makes one layer anew, and a small one', () => {
    const changed = buildChangedImage((folder) => {
      appendFileSync(join(folder, 'functions/predict/index.ts'), '\nexport const changed = true;\n');
    });
    return compareLayers({ image, changed, baseName });
  });
  printSteps(image, baseName);
}
