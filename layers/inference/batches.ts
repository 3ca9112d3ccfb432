// Texts of one length in one run, for a GPU, which runs thirty short texts in the time of one. A CPU gains nothing from it, and
// the int8 model's answers would depend on each other: docs/decisions/0003-one-text-per-run.md.

/** The logits of a text, and the milliseconds of the run that it was part of. */
export interface BatchAnswer {
  readonly logits: readonly number[];
  readonly runMs: number;
}

/** Collects texts and runs them together. */
export interface Batches {
  /** Runs the ids of one text together with others that wait and are as long. */
  run(ids: readonly number[]): Promise<BatchAnswer>;
  /** Resolves when nothing waits or runs. */
  settled(): Promise<void>;
}

interface Waiting {
  readonly ids: readonly number[];
  resolve(answer: BatchAnswer): void;
  reject(error: unknown): void;
}

/** Waits until all that has arrived by now is in line. */
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Creates the line of texts. The text that has waited longest decides the length of the next run. One run takes place at a time.
 *
 * @param run - runs rows of one length and returns the logits of each.
 * @param largest - most texts of a run.
 */
export function createBatches(
  run: (rows: readonly (readonly number[])[]) => Promise<readonly (readonly number[])[]>,
  largest: number,
): Batches {
  const line: Waiting[] = [];
  let running: Promise<void> | undefined;

  const take = (): Waiting[] => {
    const length = line[0]?.ids.length;
    const batch = line.filter(({ ids }) => ids.length === length).slice(0, largest);
    for (const text of batch) line.splice(line.indexOf(text), 1);
    return batch;
  };

  const runBatch = async (batch: readonly Waiting[]) => {
    const started = performance.now();
    try {
      const answers = await run(batch.map(({ ids }) => ids));
      const runMs = performance.now() - started;
      for (const [index, { resolve }] of batch.entries()) resolve({ logits: answers[index] ?? [], runMs });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };

  const runAll = async () => {
    await nextTurn();
    while (line.length > 0) await runBatch(take());
    running = undefined;
  };

  return {
    run: (ids) =>
      new Promise((resolve, reject) => {
        line.push({ ids, resolve, reject });
        running ??= runAll();
      }),
    settled: async () => running,
  };
}
