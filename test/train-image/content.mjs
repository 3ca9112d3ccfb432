// Checks of the image at rest: how it starts, what is in it, and what a change makes anew.
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listImageFiles, listLayers, measureSteps } from '../image/image-files.mjs';
import { inspectImage, withImageFiles } from '../image/podman.mjs';
import { baseName, buildChangedImage } from './train-image.mjs';

const home = '/home/bert';
const showBytes = (bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** The folder and all in it that the user `bert` (1000) may change. */
const listWritable = (image, folder) =>
  withImageFiles(image, (root) =>
    ['', ...readdirSync(join(root, folder), { recursive: true })].filter((path) => {
      const { uid, mode } = statSync(join(root, folder, path));
      return uid === 1000 || (mode & 0o002) !== 0;
    }),
  );

/** Runs the checks that need no container. */
export async function checkContent(image, { check }) {
  await check('it starts train.py as bert in the app folder, and no entry point stands before a command', () => {
    const { User, WorkingDir, Entrypoint, Cmd } = inspectImage(image).Config;
    assert.deepEqual(
      { User, WorkingDir, Entrypoint: Entrypoint ?? [], Cmd },
      { User: 'bert', WorkingDir: `${home}/app`, Entrypoint: [], Cmd: ['python3', 'train.py'] },
    );
  });
  await check(
    'the app folder holds the code of training, which its user cannot change, and the data folder nothing',
    () => {
      const names = listImageFiles(image, [home])
        .map(({ path }) => path)
        .filter((path) => !/\/\.(bash|profile)/.test(path));
      assert.ok(names.includes(`${home}/app/train.py`) && names.includes(`${home}/app/report.css`), names.join('\n'));
      assert.deepEqual(
        names.filter((path) => !/^\/home\/bert\/app\/\w+\.(py|css)$/.test(path)),
        [],
      );
      assert.deepEqual(listWritable(image, `${home}/app`), []);
      return `${names.length} files`;
    },
  );
  await check('a changed script makes one layer anew, the highest and a small one', () => {
    const changed = buildChangedImage((folder) => appendFileSync(join(folder, 'training/train.py'), '\n# Changed.\n'));
    const [before, after] = [listLayers(image), listLayers(changed)];
    assert.equal(after.length, before.length);
    assert.deepEqual(after.slice(0, -1), before.slice(0, -1));
    assert.notEqual(after.at(-1), before.at(-1));
    const { bytes } = measureSteps(changed, baseName).findLast((step) => step.bytes > 0);
    assert.ok(bytes < 1e6, `the layer has ${showBytes(bytes)}`);
    return showBytes(bytes);
  });
  for (const { step, bytes } of measureSteps(image, baseName)) {
    if (bytes > 0) console.log(`      ${showBytes(bytes).padStart(8)}  ${step.slice(0, 100)}`);
  }
}
