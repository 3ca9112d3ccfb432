import type { Models } from './models.ts';
import type { BenchOptions } from './options.ts';
import type { Packages } from './packages.ts';
import type { Places } from './places.ts';
import type { Progress } from './progress.ts';
import type { Row } from './results.ts';
import type { Words } from './texts.ts';

/** A table without what is the same for all of a run. */
export interface Measured {
  readonly title: string;
  readonly about: string;
  /** What the rows' ratios mean, unless it is that this project is better by so much. */
  readonly ratioName?: string;
  readonly rows: readonly Row[];
}

/** What every part of a run works with. */
export interface Bench {
  readonly places: Places;
  readonly options: BenchOptions;
  readonly models: Models;
  readonly packages: Packages;
  readonly words: Words;
  readonly progress: Progress;
  /** Bytes of the image that `npm run test:image` built, if it did. */
  readonly findImageBytes: () => number | undefined;
  /** Keeps a table under the name of its file. */
  save(name: string, table: Measured): void;
}
