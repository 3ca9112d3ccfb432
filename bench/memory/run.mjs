// Memory → processors → latency → cost: the built function under the processor limits that go with a memory setting.
//
//   node build.mjs && sudo node bench/memory/run.mjs [--quick] [--dist FOLDER] [--threads 1,2]
//
// Writes bench/results/memory.json. What this machine has fewer processors for is left out. Memory itself is not limited: the
// peak says what is enough.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createHttpEvent } from '../../test/image/http-event.mjs';
import { summarize } from '../cold-start/statistics.mjs';
import { createLimit } from './processor-limit.mjs';

const root = join(import.meta.dirname, '..', '..');
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    dist: { type: 'string', default: join(root, 'dist') },
    threads: { type: 'string', default: '1,2' },
    out: { type: 'string', default: join(root, 'bench', 'results', 'memory.json') },
  },
});
const bundle = resolve(options.dist, 'functions/predict/index.mjs');
const blocks = options.quick ? 1 : 5;
const perBlock = options.quick ? 15 : 20;
/** Lambda gives one processor per so many MB. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const megabytesPerProcessor = 1769;
const sizes = options.quick ? [512, 1769, 3538] : [512, 1024, 1769, 2654, 3538];
const models = {
  'sample model': join(root, 'models', 'sample'),
  'BERT-base': join(root, 'bench', 'models', 'bert-base'),
};
const sentence = 'I did not expect to like this film, but the second half is warm, funny and over far too soon. ';
const texts = { 25: sentence, 139: sentence.repeat(6) };
/** USD, x86_64, most regions. */
const prices = { gigabyteSecond: 0.0000166667, request: 0.0000002 };

const costPerMillion = (ms, memoryMb) =>
  1e6 * ((Math.ceil(ms) / 1000) * (memoryMb / 1024) * prices.gigabyteSecond + prices.request);

/** One process from its start through its answers: `{ firstMs, times, peakMiB, throttled }`. */
async function runProcess({ folder, memoryMb, threads, text }) {
  const limit = createLimit(memoryMb / megabytesPerProcessor);
  const env = {
    ORT_DISABLE_TELEMETRY: '1',
    MODEL_URI: `file://${folder}`,
    MODEL_THREADS: String(threads),
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    POWERTOOLS_METRICS_NAMESPACE: 'bench',
    POWERTOOLS_SERVICE_NAME: 'predict',
  };
  const event = JSON.stringify(createHttpEvent('/predict', { sentence: text }));
  const program = [process.execPath, join(import.meta.dirname, 'function-process.mjs'), bundle, event, perBlock, 30];
  const [command, ...args] = [...limit.enter, ...program].map(String);
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let reported = '';
  child.stderr.on('data', (data) => (reported += data));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the function's process ended with code ${code}:\n${reported}`);
  const figures = Object.assign(
    {},
    ...reported
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
  const throttled = limit.countThrottled();
  limit.remove();
  return { ...figures, throttled };
}

const cases = Object.entries(models).flatMap(([model, folder]) =>
  Object.entries(texts).flatMap(([tokens, text]) =>
    sizes
      .filter((memoryMb) => memoryMb / megabytesPerProcessor <= availableParallelism())
      .flatMap((memoryMb) =>
        options.threads
          .split(',')
          .map((threads) => ({ model, folder, tokens, text, memoryMb, threads: Number(threads) })),
      ),
  ),
);

const series = cases.map(() => ({ times: [], first: [], peak: 0 }));
for (let block = 0; block < blocks; block++) {
  for (const [index, one] of cases.entries()) {
    const { times, firstMs, peakMiB } = await runProcess(one);
    series[index].times.push(...times);
    series[index].first.push(firstMs);
    series[index].peak = Math.max(series[index].peak, peakMiB);
    if (process.stderr.isTTY)
      process.stderr.write(`\rblock ${block + 1} of ${blocks}, ${index + 1} of ${cases.length} `);
  }
}

const rows = cases.map(({ model, tokens, memoryMb, threads }, index) => {
  const { times, first, peak } = series[index];
  const { p50, p99, min } = summarize(times);
  const processors = Math.round((memoryMb / megabytesPerProcessor) * 100) / 100;
  const start = summarize(first).p50;
  const cost = Math.round(costPerMillion(p50, memoryMb) * 100) / 100;
  return {
    model,
    tokens: Number(tokens),
    memoryMb,
    processors,
    threads,
    p50,
    p99,
    min,
    start,
    peakMiB: Math.round(peak),
    cost,
    blocks,
  };
});
const machine = `${cpus().length} × ${cpus()[0].model}, Node ${process.version}`;
const title = 'Memory, processors, latency and cost of a warm answer; start from disk to first answer';
mkdirSync(resolve(options.out, '..'), { recursive: true });
writeFileSync(options.out, `${JSON.stringify({ title, machine, date: new Date().toISOString(), rows }, null, 1)}\n`);
console.table(rows);
