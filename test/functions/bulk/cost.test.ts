import { readFileSync } from 'node:fs';
import { estimateCost } from '../../../functions/bulk/cost.ts';

const { lambda, s3, stepFunctions } = JSON.parse(readFileSync('infra/prices.json', 'utf8'));

it.each([
  ['x64', 'x86_64'],
  ['arm64', 'arm64'],
])('uses the prices of the price file on %s', (architecture, name) => {
  const hour = 3600 * lambda.gigabyteSecond[name];
  expect(estimateCost(3_600_000, 0, { memory: 1024, architecture })).toBeCloseTo(hour, 6);
  const batch = lambda.request + 2 * stepFunctions.transition + 3 * s3.write;
  expect(estimateCost(0, 2000, { memory: 1024, architecture })).toBeCloseTo(2000 * batch, 6);
});
