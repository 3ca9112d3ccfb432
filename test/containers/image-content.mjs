// What is inside an image: files by folder, layers by digest.
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { inspectImage, podman, withImageFiles } from './podman.mjs';

/** A size as people write it. */
const showBytes = (bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** The image's layers from the lowest to the highest: their digests. */
const listLayers = (image) => inspectImage(image).RootFS.Layers;

/** The steps above `base` that added something, lowest first: `{ step, bytes }`. */
function measureSteps(image, base) {
  const history = (name) => JSON.parse(podman(['history', '--format', 'json', '--no-trunc', name]));
  const own = history(image).slice(0, -history(base).length);
  const shorten = (step) => step.replace(/^.*#\(nop\)\s*/, '').replace(/(dir|file|multi):\w+ in /, '');
  const steps = own.reverse().map(({ CreatedBy, size }) => ({ step: shorten(CreatedBy), bytes: size }));
  return steps.filter(({ bytes }) => bytes > 0);
}

/** Expects that two builds differ in their highest layer alone, and that it is small. */
export function expectOneNewLayer(image, changed, base) {
  const [before, after] = [listLayers(image), listLayers(changed)];
  expect(after.slice(0, -1)).toEqual(before.slice(0, -1));
  expect(after.at(-1)).not.toBe(before.at(-1));
  expect(measureSteps(changed, base).at(-1).bytes).toBeLessThan(1e6);
}

/** Prints the size of each step that added something. */
export function printSteps(image, base) {
  const lines = measureSteps(image, base).map(
    ({ step, bytes }) => `${showBytes(bytes).padStart(10)}  ${step.slice(0, 100)}\n`,
  );
  process.stdout.write(lines.join(''));
}

/**
 * Lists files and links below some of the image's folders.
 *
 * @returns {{ path: string, elf: boolean }[]} `elf` is true for native code.
 */
export function listImageFiles(image, folders) {
  return withImageFiles(image, (root) =>
    folders.flatMap((folder) =>
      listFiles(join(root, folder)).map((name) => {
        const path = join(root, folder, name);
        const elf = lstatSync(path).isFile() && readFileSync(path).subarray(0, 4).toString('latin1') === '\x7fELF';
        return { path: `/${relative(root, path)}`, elf };
      }),
    ),
  );
}

/** Files and links below a folder, by path in it, sorted. */
export const listFiles = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
