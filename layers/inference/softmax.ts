/**
 * Turns logits into probabilities: softmax(logits / temperature), computed in double precision.
 * The temperature calibrates them (Guo et al., 2017) and comes from the model's manifest.
 */
export function softmax(logits: readonly number[], temperature: number): number[] {
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp((logit - highest) / temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
