// What the probabilities of a model's classes say, and how they are written. A model has the classes negative and positive, or also neutral.

/**
 * Returns the probability of positive where neutral is left out: p(positive) / (p(positive) + p(negative)). Of two classes
 * it is p(positive) itself, bit for bit.
 */
export function weighPositive(labels: readonly string[], probabilities: readonly number[]): number {
  const [positive = Number.NaN, negative = Number.NaN] = ['positive', 'negative'].map(
    (label) => probabilities[labels.indexOf(label)],
  );
  if (labels.length === 2) return positive;
  const polar = positive + negative;
  // Logits hundreds apart leave nothing for both sides.
  return polar === 0 ? 0.5 : positive / polar;
}

/** The probabilities by class, in label order, as numbers with the digits that the strings of the answer have. */
export const nameProbabilities = (
  labels: readonly string[],
  probabilities: readonly number[],
): Record<string, number> =>
  Object.fromEntries(
    labels.map((label, index) => [label, Number(formatProbability(probabilities[index] ?? Number.NaN))]),
  );

/**
 * Writes a probability as Python writes a numpy.float32: `0.99670726`, `1.0`, `1.5e-05`. The tutorial service did so, and
 * its callers may compare the strings. At most nine significant digits.
 *
 * @param probability - 0 to 1; rounded to single precision first.
 */
export function formatProbability(probability: number): string {
  const value = Math.fround(probability);
  if (Number.isInteger(value)) return value.toFixed(1);
  const shortest = findShortestDecimal(value);
  if (value >= 1e-4) return String(Number(shortest));
  return shortest.replace(/e-(\d)$/, 'e-0$1');
}

/** Nine significant decimal digits distinguish any two single-precision numbers. */
const maxDigits = 9;

/**
 * The shortest decimal that reads back as the same single-precision number. It is looked for from the longest: most numbers
 * need eight or nine digits, and where fewer digits do, more do too.
 */
function findShortestDecimal(value: number): string {
  let shortest = value.toExponential(maxDigits - 1);
  for (let digits = maxDigits - 1; digits > 0; digits--) {
    const text = value.toExponential(digits - 1);
    if (Math.fround(Number(text)) !== value) break;
    shortest = text;
  }
  return shortest;
}
