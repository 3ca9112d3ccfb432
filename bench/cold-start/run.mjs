// Cold start: from a process's start to its first answer, by turns with a client that only fetches the bytes.
//
//   node build.mjs && node bench/cold-start/run.mjs [--quick] [--blocks N] [--dist FOLDER] [--node PATH] [--only TEXT]
//
// Writes bench/results/cold-start.json. The models: models/sample, and bench/models/bert-base (bench/models.py makes it).
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { summarize } from './statistics.mjs';
import { runBareClient, runFirstAnswer, startShapedS3 } from './trial.mjs';

const root = join(import.meta.dirname, '..', '..');
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    blocks: { type: 'string' },
    dist: { type: 'string', default: join(root, 'dist') },
    node: { type: 'string', default: process.execPath },
    memory: { type: 'string', default: '1769' },
    only: { type: 'string', default: '' },
    out: { type: 'string', default: join(root, 'bench', 'results', 'cold-start.json') },
  },
});
const blocks = Number(options.blocks ?? (options.quick ? 5 : 15));
const network = { bytesPerMs: 100_000, firstByteMs: 30 };
const connections = 8;
const models = {
  'sample model': join(root, 'models', 'sample'),
  'BERT-base': join(root, 'bench', 'models', 'bert-base'),
};
const product = {
  bundle: resolve(options.dist, 'functions/predict/index.mjs'),
  memoryMb: options.memory,
  node: options.node,
};

/** Where the time of a start from S3 went, in milliseconds since the process was asked for. */
function describeTimeline({ startedAt, answeredAt, stages }, requests) {
  const pointer = requests.find(({ key }) => key === 'current.json');
  const ranges = requests.filter(({ range }) => range);
  const [first, last] = [
    Math.min(...ranges.map(({ at }) => at)),
    Math.max(...ranges.map(({ lastByteAt }) => lastByteAt)),
  ];
  return {
    'process start to pointer asked': pointer.at - startedAt,
    'pointer asked to first range asked': first - pointer.at,
    'first range asked to last byte': last - first,
    'last byte to answer': answeredAt - last,
    'of it session': stages.sessionMs,
    'of it first run': stages.firstRunMs,
  };
}

const describeStages = ({ stages: { pointerMs, transferMs, sessionMs, firstRunMs } }) => ({
  'pointer read': pointerMs,
  verification: transferMs,
  session: sessionMs,
  'first run': firstRunMs,
});

/** One block of a model from S3: the bare client and the function, each once. */
async function measureFromS3(s3) {
  const bare = await runBareClient({ endpoint: s3.endpoint, connections, node: options.node });
  await s3.takeRequests();
  const environment = { AWS_ENDPOINT_URL: s3.endpoint };
  const answer = await runFirstAnswer({ ...product, uri: 's3://bucket', environment });
  const timeline = describeTimeline(answer, await s3.takeRequests());
  return { bare: bare.totalMs, answer: answer.totalMs, peak: answer.peakMiB, ...timeline };
}

async function measureFromDisk(folder) {
  const answer = await runFirstAnswer({ ...product, uri: `file://${folder}` });
  return { answer: answer.totalMs, peak: answer.peakMiB, ...describeStages(answer) };
}

/** As many blocks as asked for, after one whose figures are thrown away. */
async function repeat(name, measure) {
  const series = [];
  for (let block = 0; block <= blocks; block++) {
    const figures = await measure();
    if (block > 0) series.push(figures);
    if (process.stderr.isTTY) process.stderr.write(`\r${name}: ${block} of ${blocks}`);
  }
  if (process.stderr.isTTY) process.stderr.write('\n');
  return series;
}

const names = { bare: 'bare client', answer: 'first answer', peak: 'peak memory' };

function toRows(prefix, series) {
  return Object.keys(series[0]).map((key) => {
    const row = { name: `${prefix}: ${names[key] ?? key}`, unit: key === 'peak' ? 'MiB' : 'ms' };
    const figures = summarize(series.map((one) => one[key]));
    const ratio =
      key === 'answer' && series[0].bare && summarize(series.map(({ answer, bare }) => (100 * answer) / bare));
    return { ...row, ...figures, ...(ratio && { ratio: Math.round(ratio.p50) / 100 }) };
  });
}

async function measureModel([model, folder]) {
  if (!existsSync(join(folder, 'current.json'))) throw new Error(`${folder} holds no model; bench/models.py makes it.`);
  const s3 = await startShapedS3(folder, network);
  try {
    const fromS3 = await repeat(`${model} from S3`, () => measureFromS3(s3));
    const fromDisk = await repeat(`${model} from disk`, () => measureFromDisk(folder));
    return [...toRows(`${model} from S3`, fromS3), ...toRows(`${model} from disk`, fromDisk)];
  } finally {
    s3.stop();
  }
}

if (!existsSync(product.bundle)) throw new Error(`${product.bundle} is missing: node build.mjs makes it.`);
const rows = [];
for (const model of Object.entries(models))
  if (model[0].includes(options.only)) rows.push(...(await measureModel(model)));
const machine = `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
const title = 'Cold start: process start to first answer; S3 at 100 MB/s, 30 ms to the first byte';
mkdirSync(resolve(options.out, '..'), { recursive: true });
writeFileSync(options.out, `${JSON.stringify({ title, machine, date: new Date().toISOString(), rows }, null, 1)}\n`);
for (const { name, unit, p50, p99, min, ratio } of rows)
  console.log(
    `${name.padEnd(62)} p50 ${String(p50).padStart(7)} p99 ${String(p99).padStart(7)} min ${String(min).padStart(7)} ${unit}${ratio ? `  × ${ratio}` : ''}`,
  );
