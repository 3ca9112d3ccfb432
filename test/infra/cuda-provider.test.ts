import { readFileSync } from 'node:fs';

test('the CUDA provider of the GPU image is pinned to the version of onnxruntime-node, with a hash', () => {
  const pins = readFileSync('infra/cuda-provider.txt', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(pins).toEqual([
    expect.stringMatching(
      new RegExp(`^onnxruntime-gpu==${dependencies['onnxruntime-node']} --hash=sha256:[0-9a-f]{64}$`),
    ),
  ]);
});
