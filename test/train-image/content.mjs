// Checks of the image at rest: how it starts, what is in it, and what a change makes anew.
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listImageFiles } from '../image/image-files.mjs';
import { compareLayers, printSteps } from '../image/layers.mjs';
import { inspectImage, withImageFiles } from '../image/podman.mjs';
import { baseName, buildChangedImage } from './train-image.mjs';

const home = '/home/bert';

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
    return compareLayers({ image, changed, baseName });
  });
  printSteps(image, baseName);
}
