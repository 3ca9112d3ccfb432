// What the probabilities of a model's classes say. A model has the classes negative and positive, or also neutral.

/** Returns the likeliest class; of equally likely ones the later in label order. */
export function findLikeliest(labels: readonly string[], probabilities: readonly number[]): string {
  return labels[probabilities.lastIndexOf(Math.max(...probabilities))] ?? '';
}

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
