import { readVersion } from '../../../functions/promote/handler.ts';
import { createObjectCreated } from './object-created.ts';

const location = 's3://models/prod';
const version = '20261123T081500Z-3f9a1c2';

it('reads the version of a new manifest', () => {
  const event = createObjectCreated('models', `prod/versions/${version}/manifest.json`);
  expect(readVersion(event, location)).toBe(version);
});

it.each([
  ['another bucket', 'other', `prod/versions/${version}/manifest.json`],
  ['another prefix', 'models', `dev/versions/${version}/manifest.json`],
  ['a prefix with the same beginning', 'models', `prod2/versions/${version}/manifest.json`],
  ['a rejected version', 'models', `prod/rejected/${version}/manifest.json`],
  ['another file', 'models', `prod/versions/${version}/model.onnx`],
  ['a deeper folder', 'models', `prod/versions/x/${version}/manifest.json`],
  ['a name that is no version', 'models', 'prod/versions/latest/manifest.json'],
])('refuses %s', (_, bucket, key) => {
  expect(() => readVersion(createObjectCreated(bucket, key), location)).toThrow(
    `s3://${bucket}/${key} is no manifest of a version in s3://models/prod`,
  );
});
