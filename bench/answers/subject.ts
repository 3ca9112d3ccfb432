import type { Classifier } from '../../layers/inference/index.ts';

/** One labelled text of a data file. */
export interface LabelledText {
  readonly text: string;
  readonly sentiment: string;
}

/** What a measurement works with. */
export interface Subject {
  readonly root: string;
  readonly classifier: Classifier;
  /** Most texts of a table. */
  readonly limit: number;
  /** Reads `NAME.csv.gz` with the columns `review` and `sentiment` from the folder of data. */
  readTexts(name: string): LabelledText[];
}

/** Returns the rows of a table, the header first. */
export type Measure = (subject: Subject) => Promise<string[][]>;
