// One Node contender in its own process: an engine with the orders and answers of peers/engine.py, or a service over HTTP.
// Arguments: kind, the library's entry, model folder or store, threads; for a service also port and processes.
import cluster from 'node:cluster';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [kind, entry = '', model = '', threads = '1', port, processes = '1'] = process.argv.slice(2);
const library = pathToFileURL(entry).href;

/** The classifier as it is built for Lambda and for `npm start`. `classify` returns the probability of "positive". */
async function loadThisProject() {
  const { loadClassifier }: typeof import('../layers/inference/index.ts') = await import(library);
  const { version, manifest } = JSON.parse(await readFile(join(model, 'current.json'), 'utf8'));
  const folder = join(model, 'versions', version);
  const files = { modelPath: join(folder, 'model.onnx'), tokenizerPath: join(folder, 'tokenizer.json') };
  const classifier = await loadClassifier({ ...manifest, ...files }, { threads: Number(threads) });
  const index = manifest.labels.indexOf('positive');
  const classify = async (text: string) => (await classifier.classify(text)).probabilities[index] ?? Number.NaN;
  return { classify, about: `the published int8 model, ${threads} threads, Node ${process.version}` };
}

/** The pipeline of `@huggingface/transformers` on a local model, in its q8 form. */
async function loadTransformersJs() {
  const { env, pipeline } = await import(library);
  Object.assign(env, { localModelPath: dirname(model), allowRemoteModels: false });
  const settings = { dtype: 'q8', session_options: { intraOpNumThreads: Number(threads) } };
  const run = await pipeline('text-classification', basename(model), settings);
  const classify = async (text: string) => {
    const scores: { label: string; score: number }[] = await run(text, { top_k: 2 });
    return scores.find(({ label }) => label === 'positive')?.score ?? Number.NaN;
  };
  return { classify, about: `@huggingface/transformers ${env.version}, q8, ${threads} threads` };
}

const load = kind === 'this-project' ? loadThisProject : loadTransformersJs;

async function answerOrders(): Promise<void> {
  const { about, classify } = await load();
  const write = (report: unknown) => process.stdout.write(`${JSON.stringify(report)}\n`);
  write({ ready: about });
  for await (const line of createInterface({ input: process.stdin })) {
    const { texts, seconds, least } = JSON.parse(line);
    const ends = performance.now() + 1000 * seconds;
    const ms: number[][] = [];
    let positive: number[] = [];
    while (ms.length < least || performance.now() < ends) {
      const times: number[] = [];
      positive = [];
      for (const text of texts) {
        const started = performance.now();
        positive.push(await classify(text));
        times.push(performance.now() - started);
      }
      ms.push(times);
    }
    write({ ms, positive });
  }
  process.exit();
}

async function serve(): Promise<void> {
  const { classify } = await load();
  const server = createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
    const sentence = new URL(request.url ?? '/', 'http://localhost').searchParams.get('sentence') ?? '';
    const positive = await classify(sentence);
    const answer = { positive: String(positive), negative: String(1 - positive), sentence };
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ response: answer }));
  });
  server.listen(Number(port), '127.0.0.1');
}

if (port === undefined) await answerOrders();
else if (cluster.isWorker) await serve();
else {
  for (let started = 0; started < Number(processes); started++) cluster.fork();
  process.on('SIGTERM', () => process.exit(0));
}
