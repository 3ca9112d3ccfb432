// @huggingface/transformers' pipeline on a local model. Arguments: folder of its package.json, model folder, threads.
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { answerOrders } from './order-loop.ts';

interface Score {
  readonly label: string;
  readonly score: number;
}

type Pipeline = (text: string, options: { readonly top_k: number }) => Promise<readonly Score[]>;

/** What is used of the package, which the project itself does not install. */
interface Package {
  readonly env: { localModelPath: string; allowRemoteModels: boolean; version: string };
  pipeline(task: string, model: string, options: unknown): Promise<Pipeline>;
}

const [home = '', folder = '', threads = '1'] = process.argv.slice(2);
const entry = createRequire(join(home, 'package.json')).resolve('@huggingface/transformers');
const imported = await import(pathToFileURL(entry).href);
const { env, pipeline }: Package = imported.env ? imported : imported.default;
env.localModelPath = dirname(folder);
env.allowRemoteModels = false;
const classify = await pipeline('text-classification', basename(folder), {
  dtype: 'q8',
  session_options: { intraOpNumThreads: Number(threads) },
});
await answerOrders(`@huggingface/transformers ${env.version}, q8, ${threads} threads`, async (text) => {
  const scores = await classify(text, { top_k: 2 });
  return scores.find(({ label }) => label === 'positive')?.score ?? Number.NaN;
});
