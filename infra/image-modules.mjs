// Moves what the image keeps of node_modules to FOLDER/opt: ONNX Runtime for this processor only (the others, and
// its install script's dependencies, are 240 MB). Everything else is bundled into layers and functions by build.mjs.
//
//   node infra/image-modules.mjs node_modules FOLDER
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [modules, image] = process.argv.slice(2);
const binaries = join('bin', 'napi-v6', process.platform, process.arch);
const kept = {
  'onnxruntime-node': ['package.json', 'dist', binaries],
  'onnxruntime-common': ['package.json', 'dist/cjs'],
};

for (const [name, paths] of Object.entries(kept)) {
  for (const path of paths) {
    const target = join(image, 'opt', 'nodejs', 'node_modules', name, path);
    mkdirSync(dirname(target), { recursive: true });
    renameSync(join(modules, name, path), target);
  }
  rmSync(join(modules, name), { recursive: true });
}

// Functions import layers by relative path, ../../layers/<name>/index.mjs, and so they read the page's files: ../../page/.
mkdirSync(join(image, 'task'));
for (const folder of ['layers', 'page']) symlinkSync(`/opt/nodejs/${folder}`, join(image, 'task', folder));
