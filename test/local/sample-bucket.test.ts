import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openModelStore, readPointer } from '../../layers/model-store/index.ts';
import { buildCommands } from './built-commands.ts';

const built = buildCommands();

const sample = process.env.SAMPLE_MODEL ?? resolve('models', 'sample');
const uri = `s3://sample-bucket-test-${process.pid}/sample`;
const environment = { ...process.env, AWS_ENDPOINT_URL: process.env.TEST_S3_ENDPOINT };

const fill = (words: readonly string[], env: NodeJS.ProcessEnv = environment) =>
  spawnSync(process.execPath, [built.path('local/sample-bucket.mjs'), ...words], { encoding: 'utf8', env });

it('creates the bucket, uploads the current version and makes it current, also a second time', async () => {
  const { pointer } = await readPointer(openModelStore(`file:${sample}`));
  for (let count = 0; count < 2; count += 1)
    expect(fill([sample, uri])).toMatchObject({ status: 0, stdout: `${pointer.version} is current in ${uri}.\n` });
  const endpoint = { endpoint: process.env.TEST_S3_ENDPOINT };
  expect((await readPointer(openModelStore(uri, endpoint))).pointer.version).toBe(pointer.version);
});

it('ends with 2 and a sentence if there is no model store or an argument is missing', () => {
  const empty = mkdtempSync(join(tmpdir(), 'empty-'));
  expect(fill([empty, uri])).toMatchObject({ status: 2, stderr: expect.stringContaining(`${empty} is neither`) });
  expect(fill([sample, uri], { ...environment, AWS_ENDPOINT_URL: '' })).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^Usage: /),
  });
});
