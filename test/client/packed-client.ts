import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Builds the client and packs it as `npm run client` does. Returns the path of the package in `folder`. */
export function packClient(folder: string): string {
  execFileSync(process.execPath, ['client/build.mjs'], { stdio: 'pipe' });
  execFileSync('npm', ['pack', './client', '--pack-destination', folder], { stdio: 'pipe' });
  const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
  return join(folder, name);
}
