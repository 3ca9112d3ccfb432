import { formatProbability } from '../../functions/predict/answer.ts';
import type { Classifier } from '../../layers/inference/index.ts';
import { type Columns, findColumns } from './columns.ts';
import { createProgress } from './progress.ts';
import { createTally, labelOf } from './quality.ts';
import { type ScoredRow, scoreRows } from './scoring.ts';
import { describeQuality } from './summary.ts';
import { decodeField, type Table } from './table.ts';

/** Rows of the result, header first, one character per byte. */
export type ResultRows = AsyncGenerator<readonly string[]>;

/** A table on its way through the classifier. */
export interface ScoreRun {
  readonly rows: ResultRows;
  /** Ends the progress bar, however the run ended. */
  stop(): void;
  /** Says on standard error how it went. */
  report(): void;
}

const actualLabels = new Map<string, 'negative' | 'positive'>([
  ['negative', 'negative'],
  ['0', 'negative'],
  ['positive', 'positive'],
  ['1', 'positive'],
]);

/** More kinds than this are no labels; they are counted together. */
const maxOthers = 20;

/** Compares scores with the column `sentiment`. */
function createComparison({ sentiment }: Columns) {
  const tally = createTally();
  const others = new Map<string, number>();
  const count = (label: string) => {
    const name = others.has(label) || others.size < maxOthers ? label : 'and others';
    others.set(name, (others.get(name) ?? 0) + 1);
  };
  return {
    add: ({ row, positive }: ScoredRow) => {
      if (sentiment < 0 || positive === undefined) return;
      const label = (decodeField(row.fields[sentiment] ?? '') ?? '').trim().toLowerCase();
      const actual = actualLabels.get(label);
      if (actual) tally.add(actual, positive);
      else count(label);
    },
    describe: () => (sentiment < 0 ? [] : [describeQuality(tally.quality(), others)]),
  };
}

/** A bad row keeps its place, with as many fields as the header has and nothing in the two new ones. */
function appendScore({ row, positive }: ScoredRow, { count }: Columns): string[] {
  const fields = Array.from({ length: count }, (_, index) => row.fields[index] ?? '');
  return positive === undefined ? [...fields, '', ''] : [...fields, labelOf(positive), formatProbability(positive)];
}

function warnOfNames(header: readonly string[], say: (sentence: string) => void): void {
  const taken = ['label', 'positive'].filter((name) => header.includes(name));
  if (taken.length > 0)
    say(`There is a column ${taken.join(' and ')} already: the last one of that name is the score.`);
}

interface Request {
  readonly path: string;
  readonly column: string | undefined;
  readonly classifier: Classifier;
  /** Rows under way at the same time. */
  readonly ahead: number;
}

/**
 * Prepares a run; it goes as far as its rows are taken.
 *
 * @throws UsageError if there is no column of texts.
 */
export function createScoreRun(table: Table, { path, column, classifier, ahead }: Request): ScoreRun {
  const columns = findColumns(path, table.header, column);
  const comparison = createComparison(columns);
  const progress = createProgress();
  let bad = 0;
  warnOfNames(table.header, progress.say);

  async function* score(): ResultRows {
    yield [...table.header, 'label', 'positive'];
    for await (const scored of scoreRows(table.rows, columns, { classifier, ahead })) {
      if (scored.fault) {
        bad += 1;
        progress.say(`Row ${scored.row.number}: ${scored.fault}.`);
      }
      comparison.add(scored);
      progress.step(scored.row.share);
      yield appendScore(scored, columns);
    }
  }

  const report = () => {
    const fault = table.fault();
    progress.say(progress.summarize());
    if (bad > 0) progress.say(`${bad} rows have no score; each is named above.`);
    if (fault) progress.say(`${path}: ${fault}.`);
    for (const text of comparison.describe()) progress.say(text);
  };
  return { rows: score(), stop: progress.stop, report };
}
