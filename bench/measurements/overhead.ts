import type { Bench } from '../bench.ts';
import { startFunction } from '../function.ts';
import { createRow, ownName } from '../results.ts';
import { listStores, takeTurns } from '../runner.ts';
import { createText, createTexts } from '../texts.ts';

const tokens = 34;

/** The cost of a request besides the model's run, through the Lambda function: parsing, tokenizing, checking, logging, metrics. */
export async function measureOverhead(bench: Bench): Promise<void> {
  const { paths, options, words } = bench;
  const env = { MODEL_THREADS: String(options.threads) };
  const running = [];
  for (const { model, store } of listStores(bench)) {
    const setting = { ...paths, uri: `file:${store}`, memoryMb: 3538, text: createText(words, tokens, 0), env };
    const { ask, stop } = await startFunction(setting);
    running.push({ name: `${ownName}, ${model}`, ask, stop, whole: [] as number[][], around: [] as number[][] });
  }
  await takeTurns('Overhead', options.blocks, running, async ({ ask, whole, around }) => {
    await ask(createTexts(words, tokens, 100));
    const answers = await ask(createTexts(words, tokens, options.quick ? 50 : 200));
    whole.push(answers.map(({ ms }) => ms));
    around.push(answers.map(({ ms, runMs }) => ms - runMs));
  });
  await Promise.all(running.map(({ stop }) => stop()));
  const rows = running.flatMap(({ name, whole, around }) => [
    createRow(`${name}: around the model's run`, 'ms', around),
    createRow(`${name}: the whole request`, 'ms', whole),
  ]);
  bench.save('overhead', rows, { tokens });
}
