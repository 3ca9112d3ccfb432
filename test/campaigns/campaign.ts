// What a campaign is: parts that try to break a promise, each with a seed, a count and what came of it. docs/reliability.md
// explains the commands.

/** What a part is given. */
export interface Context {
  /** Cases to try. */
  readonly count: number;
  /** Equal seeds try equal cases. */
  readonly seed: number;
  /** A temporary folder of this run. The frame removes it. */
  readonly folder: string;
  /** Aborts on SIGINT and SIGTERM. The part then stops, and returns what is there. */
  readonly signal: AbortSignal;
  /** The built project: programs such as `local/serve.mjs` are in it. */
  readonly dist: string;
  /** Counts cases as tried, for the progress. */
  advance(cases: number): void;
}

/** What came of a part. */
export interface Outcome {
  /** Cases that were tried. */
  readonly count: number;
  /** Cases by class, such as `{ refused: 812, untouched: 188 }`. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Broken promises: a sentence each, with what repeats the case. */
  readonly findings: readonly string[];
  /** Further lines to print, such as a matrix. */
  readonly lines?: readonly string[];
}

/** One kind of case, a row of the report. */
export interface Part {
  readonly name: string;
  /** What is counted: `requests`, `texts`, `mutations`. */
  readonly unit: string;
  /** Cases of the short form, which CI runs. */
  readonly short: number;
  /** Whether several processes may share the cases, with seeds of their own. */
  readonly parallel: boolean;
  run(context: Context): Promise<Outcome>;
}

/** Parts that belong together, behind one command. */
export interface Campaign {
  readonly name: string;
  /** One sentence for `--help`. */
  readonly summary: string;
  readonly parts: readonly Part[];
}

/** Adds up what came of several runs of one part. */
export function sumOutcomes(outcomes: readonly Outcome[]): Outcome {
  const sums: Record<string, number> = {};
  for (const [name, cases] of outcomes.flatMap((outcome) => Object.entries(outcome.outcomes)))
    sums[name] = (sums[name] ?? 0) + cases;
  return {
    count: outcomes.reduce((sum, { count }) => sum + count, 0),
    outcomes: sums,
    findings: outcomes.flatMap(({ findings }) => findings),
    lines: outcomes.flatMap(({ lines = [] }) => lines),
  };
}
