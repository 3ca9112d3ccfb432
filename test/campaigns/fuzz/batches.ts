// Runs a property over many cases in batches of fast-check, each with a seed of its own. A batch that fails is shrunk.
import fc from 'fast-check';
import type { Context, Outcome } from '../campaign.ts';

/** Cases of one batch. */
const batchCases = 500;

/** Milliseconds of one batch: shrinking a case that hangs would take hours. */
const batchMs = 120_000;

/** Characters of a case that are printed. */
const caseLength = 1200;

/** What a property tells of each case. */
export interface Tally {
  /** Counts something by class. */
  count(outcome: string, times?: number): void;
}

const silent: Tally = { count: () => undefined };

/** A random case, and a check that throws for one that breaks a promise. It returns how much it has tried. */
export interface Property<T> {
  readonly cases: fc.Arbitrary<T>;
  check(value: T, tally: Tally): Promise<number>;
}

/** Two runs with seeds that differ share no batch, unless one has a million. */
const seedOf = (seed: number, batch: number) => (seed * 1_000_003 + batch) % 2 ** 31;

/**
 * Checks random cases until as many are tried as are asked for.
 *
 * @param mostFindings - findings after which it ends: what comes then repeats them.
 */
export async function checkCases<T>(
  { cases, check }: Property<T>,
  context: Context,
  mostFindings = 20,
): Promise<Outcome> {
  const { count, seed, signal, advance } = context;
  const outcomes: Record<string, number> = {};
  const findings: string[] = [];
  let tried = 0;
  const tally: Tally = {
    count: (outcome, times = 1) => {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + times;
    },
  };
  // What shrinking tries is not counted.
  let shrinking = false;
  const property = fc.asyncProperty(cases, async (value) => {
    if (signal.aborted) return;
    if (shrinking) return void (await check(value, silent));
    if (tried >= count) return;
    shrinking = true;
    const done = await check(value, tally);
    shrinking = false;
    tried += done;
    advance(done);
  });
  for (let batch = 0; tried < count && !signal.aborted && findings.length < mostFindings; batch += 1) {
    shrinking = false;
    const details = await fc.check(property, {
      seed: seedOf(seed, batch),
      numRuns: batchCases,
      interruptAfterTimeLimit: batchMs,
    });
    if (details.failed) findings.push(describeFailure(details));
  }
  return { count: tried, outcomes, findings };
}

/** The shrunk case, and what was wrong with it. */
function describeFailure<T>({ seed, counterexamplePath, counterexample, errorInstance }: fc.RunDetails<T>): string {
  const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const shrunk = fc
    .stringify(counterexample)
    .slice(0, 20_000)
    .replace(/(.{1,10}?)\1{20,}/g, (run, unit) => `${unit}…${run.length}…`);
  const shown = shrunk.length > caseLength ? `${shrunk.slice(0, caseLength)}…` : shrunk;
  return `${why.slice(0, caseLength)} Case (fast-check seed ${seed}, path ${counterexamplePath}): ${shown}`;
}
