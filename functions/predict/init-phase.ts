/** Lambda ends an init phase after 10 s and starts all over; this leaves room for what comes after the wait. */
const onDemandMs = 9_500;
/** With provisioned concurrency it may take 130 s. */
const provisionedMs = 120_000;

/**
 * Milliseconds that are left of the init phase.
 *
 * @param initType - AWS_LAMBDA_INITIALIZATION_TYPE.
 * @param elapsedMs - since the process began.
 */
export function initPatience(initType: string | undefined, elapsedMs = performance.now()): number {
  const limit = initType === 'provisioned-concurrency' ? provisionedMs : onDemandMs;
  return Math.max(0, limit - elapsedMs);
}
