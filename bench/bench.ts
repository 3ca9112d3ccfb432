import type { readBenchOptions } from './options.ts';
import type { findPaths, provideModels, providePackages } from './prepare.ts';
import type { Row } from './results.ts';

/** One way to classify the same texts with the same network: a line of contenders.json. */
export interface Contender {
  readonly name: string;
  /** Its name where it runs the sample model's file, if it can. */
  readonly sampleName?: string;
  /** A program of bench/engine.ts, or one of bench/peers/engine.py. */
  readonly kind: 'this-project' | 'transformers-js' | 'torch' | 'onnxruntime' | 'floor';
  /** Flags of engine.py. The fastest on this machine are taken. */
  readonly settings: readonly (readonly string[])[];
  /** Every text takes as long as the longest. */
  readonly padded?: boolean;
  /** It computes no answers, only the same products. */
  readonly answerless?: boolean;
  /** MKL is made fast on AMD. */
  readonly fastMkl?: boolean;
  /** How it serves, if it does. Without `processes`, there are as many as threads. */
  readonly service?: { readonly flags?: readonly string[]; readonly processes?: number; readonly quick?: false };
  /** A quick run leaves it out: it takes long and is far behind. So it does with a service that says so. */
  readonly quick?: false;
}

/** What every measurement works with. */
export interface Bench {
  readonly paths: ReturnType<typeof findPaths>;
  readonly options: ReturnType<typeof readBenchOptions>;
  readonly models: ReturnType<typeof provideModels>;
  readonly packages: ReturnType<typeof providePackages>;
  /** All contenders, this project first. */
  readonly contenders: readonly Contender[];
  /** Words of one token each. */
  readonly words: readonly string[];
  /** Bytes of the image that `npm run test:image` has built, if it has. */
  readonly findImageBytes: () => number | undefined;
  /** Writes the results of a table of tables.json. `values` fill its texts by name. */
  save(name: string, rows: readonly Row[], values?: Readonly<Record<string, unknown>>): void;
}
