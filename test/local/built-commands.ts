import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';

/** The bundled project. Its folder lies inside the project, so that Node finds the packages. */
export interface BuiltCommands {
  /** Path of a built file, such as `local/serve.mjs`. */
  path(file: string): string;
  remove(): void;
}

/** Bundles the project as `npm run build` does. */
export function buildCommands(): BuiltCommands {
  mkdirSync('.cache', { recursive: true });
  const folder = mkdtempSync(resolve('.cache', 'built-'));
  const { status, stderr } = spawnSync(process.execPath, ['build.mjs', '--quiet', '--out', folder], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`build.mjs failed: ${stderr}`);
  return { path: (file) => resolve(folder, file), remove: () => rmSync(folder, { recursive: true }) };
}
