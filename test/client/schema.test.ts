import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTinyService } from '../functions/predict/tiny-service.ts';
import { writeTinyStore } from '../functions/predict/tiny-store.ts';

it('is what openapi-typescript makes of /openapi.json: `npm start`, then `npm run client:types`', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'schema-'));
  const document = join(folder, 'openapi.json');
  const { app } = createTinyService(await writeTinyStore());
  writeFileSync(document, await (await app.request('/openapi.json')).text());
  const words = [document, '--output', 'client/schema.ts', '--default-non-nullable=false', '--check'];
  const { status, stderr } = spawnSync('node_modules/.bin/openapi-typescript', words, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}, 60_000);
