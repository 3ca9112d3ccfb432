/** Significant decimal digits that are enough to tell any two single-precision numbers apart. */
const enoughDigits = 9;

/** The shortest decimal that reads back as the same single-precision number. */
function shorten(value: number): string {
  for (let digits = 1; digits < enoughDigits; digits++) {
    const text = value.toExponential(digits - 1);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential(enoughDigits - 1);
}

/**
 * Writes a probability as Python writes a numpy.float32, which the tutorial service did and its callers may compare with:
 * `0.99670726`, `1.0`, `1.5e-05`. At most nine significant digits.
 *
 * @param probability - 0 to 1; rounded to single precision first.
 */
export function formatProbability(probability: number): string {
  const value = Math.fround(probability);
  if (Number.isInteger(value)) return value.toFixed(1);
  const shortest = shorten(value);
  if (value >= 1e-4) return String(Number(shortest));
  return shortest.replace(/e-(\d)$/, 'e-0$1');
}

/** The two strings of an answer: negative is 1 − positive in single precision, as the tutorial service computed it. */
export function formatProbabilities(positive: number): { readonly positive: string; readonly negative: string } {
  const single = Math.fround(positive);
  return { positive: formatProbability(single), negative: formatProbability(1 - single) };
}
