import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDocument } from '../../functions/predict/contract.ts';

it('is what openapi-typescript makes of /openapi.json: `npm start`, then `npm run client:types`', () => {
  const folder = mkdtempSync(join(tmpdir(), 'schema-'));
  const document = join(folder, 'openapi.json');
  writeFileSync(document, JSON.stringify(createDocument({ page: true, keys: false })));
  const words = [document, '--output', 'client/schema.ts', '--default-non-nullable=false', '--check'];
  const { status, stderr } = spawnSync('node_modules/.bin/openapi-typescript', words, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
