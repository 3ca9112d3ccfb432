// What Lambda asks for its work, in USD, in most regions. test/layers/telemetry/lambda-price.test.ts compares it with
// infra/prices.json, which is not in the image.

const gigabyteSecond = { x64: 0.0000166667, arm64: 0.0000133334 };

/** The price of one call of a function. */
export const pricePerInvocation = 0.0000002;

/**
 * Returns the price of a gigabyte of memory for a second.
 *
 * @param architecture - as Node names it.
 */
export const pricePerGigabyteSecond = (architecture: string): number =>
  architecture === 'arm64' ? gigabyteSecond.arm64 : gigabyteSecond.x64;
