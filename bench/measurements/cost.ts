import prices from '../../infra/prices.json' with { type: 'json' };
import { priceRun } from '../../local/prices.ts';
import type { Bench } from '../bench.ts';
import { addRatios, type Row } from '../results.ts';
import { compareLatency, listColumns } from './latency.ts';

const { lambda } = prices;

/** The source of the prices, for a table's reader. */
export const describePrices = () =>
  `list prices of ${prices.region} in ${prices.asOf} ($${lambda.gigabyteSecond.x86_64} per GB-second, $${(lambda.request * 1e6).toFixed(2)} per million requests)`;

/** Memory setting of one vCPU. */
const memoryMb = 1769;

/** Dollars of a million requests of so many milliseconds each. */
export const priceMillion = (milliseconds: number, memoryMb: number): number =>
  1e6 * (priceRun(prices, { milliseconds, memoryMb }) + lambda.request);

/** A row of milliseconds in dollars per million requests. */
export function priceRow({ name, at, p50, p99, min, blocks }: Row, memoryMb: number): Row {
  const price = (milliseconds: number) => priceMillion(milliseconds, memoryMb);
  return { name, at, unit: 'dollars', p50: price(p50), p99: price(p99), min: price(min), blocks: blocks.map(price) };
}

/** The same rows in dollars. Their ratios are smaller than those of the times: each request has a price of its own. */
export const toDollars = (rows: readonly Row[]): Row[] => addRatios(rows.map((row) => priceRow(row, memoryMb)));

/** Dollars for a million requests to a warm function of the default memory, by the time of one thread here. */
export async function measureCost(bench: Bench): Promise<void> {
  const { contenders, models } = bench;
  const columns = listColumns(bench, [32, 128, 512], 8, 8);
  const comparison = { contenders, columns, models: models.network, threads: 1 };
  const { rows } = await compareLatency(bench, comparison, () => undefined);
  const answering = rows.filter(({ name }) => !contenders.find((one) => one.name === name)?.answerless);
  bench.save('one-thread', rows);
  bench.save('cost', toDollars(answering), { memoryMb, prices: describePrices() });
}
