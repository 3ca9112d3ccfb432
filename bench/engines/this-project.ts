// This project: the classifier as it is built for Lambda and for `npm start`. Arguments: bundle, model store, threads.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answerOrders } from './order-loop.ts';

type Inference = typeof import('../../layers/inference/index.ts');

const [bundle = '', store = '', threads = '1'] = process.argv.slice(2);
const { loadClassifier }: Inference = await import(pathToFileURL(bundle).href);
const { version, manifest } = JSON.parse(await readFile(join(store, 'current.json'), 'utf8'));
const folder = join(store, 'versions', version);
const { labels, maxTokens, temperature } = manifest;
const files = { modelPath: join(folder, 'model.onnx'), tokenizerPath: join(folder, 'tokenizer.json') };
const classifier = await loadClassifier({ ...files, labels, maxTokens, temperature }, { threads: Number(threads) });
const index = labels.indexOf('positive');
await answerOrders(`the published int8 model, ${threads} threads, Node ${process.version}`, async (text) => {
  const { probabilities } = await classifier.classify(text);
  return probabilities[index] ?? Number.NaN;
});
await classifier.release();
