// Where the objects of a bulk file lie in the bucket, below the stage's prefix.
import { FileError } from '../../layers/reader/index.ts';

const ending = /\.(csv|tsv|txt|jsonl|ndjson)(\.gz)?$/i;

/** The folder that files are put into. */
export const inFolder = (prefix: string): string => `${prefix}/bulk/in/`;

/** The folder with the results. */
export const outFolder = (prefix: string): string => `${prefix}/bulk/out/`;

/**
 * Returns the name under which the results of a file lie: `reviews` for `reviews.csv.gz`.
 *
 * @throws FileError if the file's name has another ending.
 */
export function nameOf(file: string): string {
  const name = file.replace(ending, '');
  if (name !== file && name !== '') return name;
  throw new FileError(`${file}: its name must end in .csv, .tsv, .txt, .jsonl or .ndjson, each also with .gz.`);
}

/** The results of a file of this name. */
export function resultKeys(prefix: string, name: string) {
  const start = `${outFolder(prefix)}${name}`;
  return { run: `${start}.run.json`, output: `${start}.csv.gz`, summary: `${start}.summary.json` };
}

/** The pieces of a run, which expire. */
export function workKeys(prefix: string, runId: string) {
  const start = `${prefix}/bulk/work/${runId}`;
  const place = (batch: number) => String(batch).padStart(6, '0');
  return {
    plan: `${start}/plan.json`,
    /** The list that the Distributed Map reads. */
    batches: `${start}/batches.json`,
    rows: (batch: number) => `${start}/rows/${place(batch)}.jsonl`,
    scores: (batch: number) => `${start}/scores/${place(batch)}.csv.gz`,
    /** The folder of all scores. */
    allScores: `${start}/scores/`,
  };
}

/** The last part of the address of an execution. */
export const runIdOf = (execution: string): string => execution.slice(execution.lastIndexOf(':') + 1);
