import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfiguration } from '../../../functions/predict/configuration.ts';
import { pullModel } from '../../../layers/model-store/index.ts';
import { ConfigurationError } from '../../../layers/prediction/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'configuration-'));
const usable = { MODEL_URI: 's3://bucket/models', MODEL_DIRECTORY: folder };

it('reads a usable environment into a frozen object', () => {
  const configuration = readConfiguration({
    ...usable,
    MODEL_VERSION: '20261123T081500Z-3f9a1c2',
    MODEL_DEVICE: 'auto',
    MODEL_THREADS: '3',
    LOG_LEVEL: 'WARN',
    LOG_TEXT: 'on',
    PAGE: 'off',
    API_KEYS_PARAMETER: '/stack/keys',
    MODEL_REFRESH_SECONDS: '5',
  });
  expect(configuration).toMatchObject({
    modelVersion: '20261123T081500Z-3f9a1c2',
    modelDirectory: folder,
    device: 'auto',
    threads: 3,
    logLevel: 'warn',
    logText: true,
    page: false,
    keysParameter: '/stack/keys',
    refreshMs: 5000,
  });
  expect(configuration.store.location).toBe('s3://bucket/models');
  expect(Object.isFrozen(configuration)).toBe(true);
});

it('uses defaults for values that are missing or empty', () => {
  const configuration = readConfiguration({ MODEL_URI: usable.MODEL_URI, MODEL_VERSION: '', LOG_LEVEL: '' });
  expect(configuration).toMatchObject({ modelVersion: undefined, modelDirectory: tmpdir(), logLevel: 'info' });
  expect(configuration.device).toBe('cpu');
  expect(configuration).toMatchObject({ logText: false, keysParameter: undefined, page: true, refreshMs: 60_000 });
  expect(configuration.threads).toBe(availableParallelism());
});

it.each([
  ['128', 1],
  ['1769', 1],
  ['3008', 1],
  ['3538', 2],
  ['10240', 5],
])('uses the number of threads that Lambda gives with %s MB', (memory, threads) => {
  expect(readConfiguration({ ...usable, AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory }).threads).toBe(threads);
});

it('reports every problem at once', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const read = () =>
    readConfiguration({
      MODEL_URI: 'http://example.com/model',
      MODEL_VERSION: 'latest',
      MODEL_DIRECTORY: join(file, 'below'),
      MODEL_THREADS: '0',
      LOG_LEVEL: 'loud',
      LOG_TEXT: 'yes',
      PAGE: 'no',
      MODEL_REFRESH_SECONDS: '0',
      VERIFICATION_CACHE: 'here',
    });
  expect(read).toThrow(ConfigurationError);
  const names = ['MODEL_URI', 'MODEL_VERSION', 'MODEL_DIRECTORY', 'MODEL_THREADS', 'LOG_LEVEL'];
  for (const name of [...names, 'LOG_TEXT', 'PAGE', 'MODEL_REFRESH_SECONDS', 'VERIFICATION_CACHE']) {
    expect(read).toThrow(new RegExp(`^- ${name}`, 'm'));
  }
});

it('names the missing settings when nothing is set', () => {
  expect(() => readConfiguration({})).toThrow(/MODEL_URI: it is not set.*s3:\/\/bucket\/prefix/);
});

it('needs no writable folder if the model is read in place', () => {
  const environment = { MODEL_URI: 'file:models', MODEL_DIRECTORY: '/proc/no-such-folder' };
  expect(readConfiguration(environment).modelDirectory).toBe('/proc/no-such-folder');
  expect(() => readConfiguration({ ...usable, MODEL_DIRECTORY: '/proc/no-such-folder' })).toThrow(/MODEL_DIRECTORY/);
});

const sample = `file:${join(import.meta.dirname, '..', '..', '..', 'models', 'sample')}`;

it.each<[string, boolean, Record<string, string>]>([
  ['in the cache folder of the user', true, {}],
  ['nowhere if it is turned off', false, { VERIFICATION_CACHE: 'off' }],
  ['nowhere on Lambda', false, { AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand' }],
])('remembers verified files %s', async (_, remembers, environment) => {
  const caches = mkdtempSync(join(folder, 'caches-'));
  const { store } = readConfiguration({ MODEL_URI: sample, XDG_CACHE_HOME: caches, ...environment });
  await pullModel(store, { directory: folder });
  expect(existsSync(join(caches, 'serverless-bert', 'verified-files.json'))).toBe(remembers);
});
