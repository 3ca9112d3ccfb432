// What is inside an image: files by folder, layers by digest.
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { inspectImage, podman, withImageFiles } from './podman.mjs';

/** The image's layers from the lowest to the highest: their digests. */
export const listLayers = (image) => inspectImage(image).RootFS.Layers;

/** What each step above `base` added, in bytes, lowest first: `{ step, bytes }`. */
export function measureSteps(image, base) {
  const history = (name) => JSON.parse(podman(['history', '--format', 'json', '--no-trunc', name]));
  const own = history(image).slice(0, -history(base).length);
  const shorten = (step) => step.replace(/^.*#\(nop\)\s*/, '').replace(/(dir|file|multi):\w+ in /, '');
  return own.reverse().map(({ CreatedBy, size }) => ({ step: shorten(CreatedBy), bytes: size }));
}

/** Files and links below some of the image's folders: `{ path, bytes, elf }`, where `elf` tells native code. */
export function listImageFiles(image, folders) {
  return withImageFiles(image, (root) =>
    folders.flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => {
          const path = join(entry.parentPath ?? entry.path, entry.name);
          const elf = entry.isFile() && readFileSync(path).subarray(0, 4).toString('latin1') === '\x7fELF';
          return { path: `/${relative(root, path)}`, bytes: lstatSync(path).size, elf };
        }),
    ),
  );
}
