import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Classify } from './order-loop.ts';

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

/** Where the package is installed, what it shall load, and the threads of one run. */
export interface PipelineOptions {
  /** Folder of the package.json that names the package. */
  readonly home: string;
  readonly folder: string;
  readonly threads: number;
}

/** Reads `home folder threads` from the command line. */
export function readPipelineOptions([home = '', folder = '', threads = '1']: readonly string[]): PipelineOptions {
  return { home, folder, threads: Number(threads) };
}

/** Loads the pipeline of `@huggingface/transformers` on a local model, in its q8 form. */
export async function loadPipeline({ home, folder, threads }: PipelineOptions) {
  const entry = createRequire(join(home, 'package.json')).resolve('@huggingface/transformers');
  const imported = await import(pathToFileURL(entry).href);
  const { env, pipeline }: Package = imported.env ? imported : imported.default;
  env.localModelPath = dirname(folder);
  env.allowRemoteModels = false;
  const run = await pipeline('text-classification', basename(folder), {
    dtype: 'q8',
    session_options: { intraOpNumThreads: threads },
  });
  const classify: Classify = async (text) => {
    const scores = await run(text, { top_k: 2 });
    return scores.find(({ label }) => label === 'positive')?.score ?? Number.NaN;
  };
  return { classify, about: `@huggingface/transformers ${env.version}, q8, ${threads} threads` };
}
