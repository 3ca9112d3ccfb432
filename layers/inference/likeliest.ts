/** Returns the likeliest class; of equally likely ones the later in label order. */
export function findLikeliest(labels: readonly string[], probabilities: readonly number[]): string {
  return labels[probabilities.lastIndexOf(Math.max(...probabilities))] ?? '';
}
