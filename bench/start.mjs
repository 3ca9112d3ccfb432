// `npm run bench`: builds the service and the benchmark's own programs, then runs bench/run.ts with the arguments given.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspectImage } from '../test/containers/podman.mjs';
import { prepareEnvironment } from '../test/python.mjs';
import { buildPrograms, builtFolder } from './build.mjs';

const root = join(import.meta.dirname, '..');

/** After a run under sudo: makes the user who called it the owner of all files, so that this user can build again. */
function restoreOwner() {
  const { SUDO_UID, SUDO_GID } = process.env;
  if (process.getuid?.() !== 0 || !SUDO_UID) return;
  const made = ['bench', 'dist', '.cache', '.venv'].map((folder) => join(root, folder));
  spawnSync('chown', ['-R', `${SUDO_UID}:${SUDO_GID}`, ...made], { stdio: 'inherit' });
}

if (process.argv[2] === 'compare') {
  await buildPrograms(import.meta.dirname, ['compare.ts']);
  const { run: compare } = await import(pathToFileURL(join(builtFolder, 'compare.mjs')).href);
  process.exit(compare(process.argv.slice(3)));
}
const { status } = spawnSync(process.execPath, [join(root, 'build.mjs'), '--quiet'], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
await buildPrograms(import.meta.dirname, ['run.ts', 'engine.ts']);
const { run } = await import(pathToFileURL(join(builtFolder, 'run.mjs')).href);
const code = await run({
  root,
  built: builtFolder,
  args: process.argv.slice(2),
  preparePython: prepareEnvironment,
  findImageBytes: () => inspectImage('localhost/serverless-bert/lambda:latest')?.Size,
});
restoreOwner();
process.exit(code);
