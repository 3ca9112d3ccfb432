// What a run costs, by list price.
import { pricePerGigabyteSecond, pricePerInvocation } from '../../layers/telemetry/index.ts';

/** What the functions of a run have. */
export interface Scale {
  /** MB of one function. */
  readonly memory: number;
  /** As Node names it. */
  readonly architecture: string;
}

/** USD. test/functions/bulk/cost.test.ts compares them with infra/prices.json, which is not in the image. */
const prices = {
  stateTransition: 0.000025,
  write: 0.000005,
};

/** Entering the two states of a batch's own execution. */
const transitionsPerBatch = 2;
/** Its rows, its scores, and its part of what Step Functions writes. */
const writesPerBatch = 3;

/**
 * Returns USD.
 *
 * @param ms - milliseconds of all functions together.
 */
export function estimateCost(ms: number, batches: number, { memory, architecture }: Scale): number {
  const perBatch = pricePerInvocation + transitionsPerBatch * prices.stateTransition + writesPerBatch * prices.write;
  const total = (ms / 1000) * (memory / 1024) * pricePerGigabyteSecond(architecture) + batches * perBatch;
  return Number(total.toFixed(6));
}
