/**
 * Says what each word of a text adds to its answer: docs/decisions/0062-windows-and-explanations.md. A word counts by what its
 * group of neighbours loses without it; half of the words, those that count most so, also by half of what they say alone. Both
 * take runs over a few tokens, so that all words of a text cost less than leaving each out of the whole text.
 */
import { classifyEach } from './runs.ts';
import { specialTokens } from './tokenizer.ts';
import type { Classifier } from './types.ts';
import { joinWords, listWords, type Word } from './words.ts';

/** The answer that is explained. */
export interface ExplainedAnswer {
  readonly label: string;
  /** The probability of the label. */
  readonly score: number;
  /** Whether the answer is of all windows of the text, and not of what one run reads. */
  readonly windows: boolean;
}

/** What the words of a text add to the probability of a label. */
export interface Explanation {
  /** The probability of the label for a text without words. */
  readonly baseline: number;
  /** In the order of the text. The weights sum to score − baseline. */
  readonly words: WordWeight[];
}

/** A word, and what it adds to the probability of the label. */
export interface WordWeight {
  /** Where it begins, in code points of the text. */
  readonly start: number;
  /** Where it ends, in code points; not included. */
  readonly end: number;
  /** Above 0 if it speaks for the label. */
  readonly weight: number;
}

/** Words of a group, about. Fewer lose negations, more take longer and are no more faithful. */
const groupSize = 6;

/** Beside what a word does among its neighbours. Measured with 0, 1/2 and 1. */
const aloneWeight = 1 / 2;

/** The share of the words that are asked alone. All of them would be a little more faithful, and above 20 runs' time. */
const aloneShare = 1 / 2;

/** The most parts that get a weight. Of a text of more words, each part is several words. */
const mostParts = 500;

/** The most windows of an answer that is explained: every part costs runs over itself and its neighbours. */
export const maxExplainedWindows = 8;

/**
 * Explains an answer. The same text, answer and model give the same weights. Words that the model has not read, because they
 * did not fit, are left out. It takes less than 2 runs for each word, each over a few tokens.
 *
 * @throws what the classifier throws.
 */
export async function explain(classifier: Classifier, text: string, answer: ExplainedAnswer): Promise<Explanation> {
  const words = listWords(text);
  const read = answer.windows ? words : await dropUnread(classifier, words);
  const parts = divide(read, Math.min(read.length, mostParts));
  const askOdds = async (texts: readonly string[]) => {
    const answers = await classifyEach(classifier, texts);
    const label = classifier.labels.indexOf(answer.label);
    return answers.map(({ probabilities }) => toLogOdds(probabilities[label] ?? Number.NaN));
  };
  const [empty = Number.NaN] = await askOdds(['']);
  const among: number[] = [];
  for (const group of divide(parts, Math.round(parts.length / groupSize) || 1)) {
    const [whole = Number.NaN, ...without] = await askOdds([
      joinWords(group.flat()),
      ...group.map((part) => joinWords(group.flatMap((other) => (other === part ? [] : other)))),
    ]);
    among.push(...without.map((odds) => whole - odds));
  }
  const spoken = parts.map(joinWords);
  const asked = [
    ...new Set(findLargest(among, Math.ceil(parts.length * aloneShare)).map((part) => spoken[part] ?? '')),
  ];
  const answers = await askOdds(asked);
  const alone = new Map(asked.map((part, index) => [part, (answers[index] ?? Number.NaN) - empty]));
  const baseline = toProbability(empty);
  const added = among.map((odds, part) => odds + aloneWeight * (alone.get(spoken[part] ?? '') ?? 0));
  const weights = scale(added, answer.score - baseline, toLogOdds(answer.score) - empty);
  return { baseline, words: parts.map((part, index) => describePart(part, weights[index] ?? 0)) };
}

/** The words that one run over the whole text reads. */
async function dropUnread(classifier: Classifier, words: readonly Word[]): Promise<readonly Word[]> {
  const counts = await classifier.countTokens(words.map(({ text }) => text));
  let room = classifier.maxTokens - specialTokens;
  const end = counts.findIndex(({ tokens }) => {
    room -= tokens;
    return room < 0;
  });
  return end < 0 ? words : words.slice(0, end);
}

/** The positions of the values that are farthest from 0; of equal ones the first. */
function findLargest(values: readonly number[], count: number): number[] {
  const positions = values.map((_, position) => position);
  const sorted = positions.sort((one, other) => Math.abs(values[other] ?? 0) - Math.abs(values[one] ?? 0));
  return sorted.slice(0, count);
}

/** Divides a list into so many parts of neighbours, as even as they go. */
function divide<T>(list: readonly T[], parts: number): T[][] {
  const at = (part: number) => Math.round((list.length * part) / parts);
  return Array.from({ length: parts }, (_, part) => list.slice(at(part), at(part + 1)));
}

/**
 * Turns log-odds into shares of a difference of probabilities. Their sum is not that of the whole text, so that one side is
 * raised by the factor by which the other is lowered. That keeps signs, and the order within a side.
 */
function scale(odds: readonly number[], difference: number, wholeOdds: number): number[] {
  const slope = wholeOdds === 0 ? 1 : difference / wholeOdds;
  const weights = odds.map((value) => value * slope);
  const raising = sum(weights.filter((weight) => weight > 0));
  const lowering = -sum(weights.filter((weight) => weight < 0));
  const factor = solveFactor(raising, lowering, difference);
  if (factor === undefined) return weights.map(() => difference / weights.length);
  return weights.map((weight) => (weight > 0 ? weight * factor : weight / factor));
}

/** The factor with raising × factor − lowering ÷ factor = difference; undefined if no factor above 0 has it. */
function solveFactor(raising: number, lowering: number, difference: number): number | undefined {
  const root = Math.sqrt(difference ** 2 + 4 * raising * lowering);
  const factor = difference < 0 ? (2 * lowering) / (root - difference) : (difference + root) / (2 * raising);
  return factor > 0 && Number.isFinite(factor) ? factor : undefined;
}

function describePart(part: readonly Word[], weight: number): WordWeight {
  return { start: part[0]?.start ?? 0, end: part.at(-1)?.end ?? 0, weight };
}

/** Log-odds of a probability, which stay finite where single precision has 0 or 1. */
function toLogOdds(probability: number): number {
  const inside = Math.min(1 - 1e-7, Math.max(1e-7, probability));
  return Math.log(inside / (1 - inside));
}

const toProbability = (odds: number) => 1 / (1 + Math.exp(-odds));

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
