import type { Summary } from './statistics.ts';

/** What a Lambda function in x86_64 costs: list prices of us-east-1, first tier, without the free tier. */
export const lambdaPrice = { gigabyteSecond: 0.0000166667, request: 0.0000002, asOf: '2026-11' };

/**
 * Dollars of a million requests. Lambda bills whole milliseconds.
 *
 * @param milliseconds - of one request.
 * @param memoryMb - the function's setting.
 */
export function priceMillion(milliseconds: number, memoryMb: number): number {
  const gigabyteSeconds = (Math.ceil(milliseconds) / 1000) * (memoryMb / 1024);
  return 1e6 * (gigabyteSeconds * lambdaPrice.gigabyteSecond + lambdaPrice.request);
}

/** Dollars of a million requests that take these times. */
export function priceSummary({ p50, p99, min, blocks }: Summary, memoryMb: number): Summary {
  const price = (milliseconds: number) => priceMillion(milliseconds, memoryMb);
  return { p50: price(p50), p99: price(p99), min: price(min), blocks: blocks.map(price) };
}

/** Where the prices are from, for a table's reader. */
export const describePrices = () =>
  `list prices of us-east-1 in ${lambdaPrice.asOf} ($${lambdaPrice.gigabyteSecond} per GB-second, $${(lambdaPrice.request * 1e6).toFixed(2)} per million requests)`;
