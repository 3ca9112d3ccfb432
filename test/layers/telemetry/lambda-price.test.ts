import { readFileSync } from 'node:fs';
import { pricePerGigabyteSecond, pricePerInvocation } from '../../../layers/telemetry/index.ts';

it('is that of the price file', () => {
  const { lambda } = JSON.parse(readFileSync('infra/prices.json', 'utf8'));
  expect(pricePerInvocation).toBe(lambda.request);
  expect(pricePerGigabyteSecond('x64')).toBe(lambda.gigabyteSecond.x86_64);
  expect(pricePerGigabyteSecond('arm64')).toBe(lambda.gigabyteSecond.arm64);
});
