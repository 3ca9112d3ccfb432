import type { Bench } from '../bench.ts';
import { listContenders } from '../contenders.ts';
import { measureLatency, startContenders } from '../latency.ts';
import { describePrices, priceSummary } from '../price.ts';
import { ownName, type Row } from '../results.ts';
import { compareBlocks } from '../statistics.ts';
import { createReviews, createTexts } from '../texts.ts';
import { toEffort } from './latency.ts';

/** One vCPU. */
const memoryMb = 1769;

/** The same rows in dollars. Their ratios are smaller than those of the times: every request costs something by itself. */
export function toDollars(rows: readonly Row[]): Row[] {
  return rows.map((row) => {
    const ours = rows.find(({ name, at }) => name === ownName && at === row.at);
    const price = priceSummary(row, memoryMb);
    const ratio = ours && ours !== row ? compareBlocks(price.blocks, priceSummary(ours, memoryMb).blocks) : undefined;
    return { ...row, unit: 'dollars', ...price, ratio };
  });
}

/** Dollars for a million requests to a warm function of the default memory, by the time of one thread here. */
export async function runCost(bench: Bench): Promise<void> {
  const { places, models, packages, options, words, progress } = bench;
  const contenders = listContenders({ places, models: models.network, packages, threads: 1 });
  const columns = [
    ...[32, 128, 512].map((length) => ({ at: `${length} tokens`, texts: createTexts(words, length, 8) })),
    { at: 'reviews (mean)', texts: createReviews(words, 8), mixed: true },
  ];
  const speechless = contenders.filter((contender) => contender.speechless).map(({ name }) => name);
  const running = await startContenders(contenders, columns, progress);
  try {
    const rows = await measureLatency(running, columns, { ...toEffort(options), progress });
    bench.save('one-thread', {
      title: `Latency of BERT-${options.shape}, one text at a time, one thread`,
      about: 'As above with one thread, which is what Lambda gives for 1,769 MB.',
      rows,
    });
    bench.save('cost', {
      title: 'Dollars per million requests',
      about:
        `By Lambda's formula, not by a bill: milliseconds of the table above on this machine's processor, ${memoryMb} MB, ` +
        `${describePrices()}, warm; ` +
        'API Gateway ($1 per million for an HTTP API) and cold starts come on top. The others have no Lambda handler here: for them it is what the model alone would cost.',
      rows: toDollars(rows.filter(({ name }) => !speechless.includes(name))),
    });
  } finally {
    await Promise.all(running.map(({ engine }) => engine.stop()));
  }
}
