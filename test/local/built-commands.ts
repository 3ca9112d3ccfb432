import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';

/** The bundled project. Its folder lies inside the project, so that Node finds the packages. */
export interface BuiltCommands {
  /** Path of a built file, such as `local/serve.mjs`. */
  path(file: string): string;
}

/** Bundles the project as `npm run build` does, once for a run of jest: test/jest.mjs names the folder and removes it. */
export function buildCommands(): BuiltCommands {
  const folder = process.env.TEST_BUILD;
  if (!folder) throw new Error('TEST_BUILD names no folder: run the tests by node test/jest.mjs.');
  if (!existsSync(folder)) build(folder);
  return { path: (file) => resolve(folder, file) };
}

/** Two test files may build at once. The folder appears whole, and the later one is not needed. */
function build(folder: string): void {
  const own = `${folder}-${process.pid}`;
  const { status, stderr } = spawnSync(process.execPath, ['build.mjs', '--quiet', '--out', own], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`build.mjs failed: ${stderr}`);
  try {
    renameSync(own, folder);
  } catch (error) {
    rmSync(own, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
}
