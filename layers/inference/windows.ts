/**
 * Classifies a text that is longer than the model reads, by overlapping windows of the model's length:
 * docs/decisions/0062-windows-and-explanations.md.
 */
import { softmax } from './classifier.ts';
import { WindowsTooManyError } from './errors.ts';
import { findLikeliest } from './likeliest.ts';
import { classifyEach } from './runs.ts';
import { specialTokens } from './tokenizer.ts';
import type { Classification, Classifier } from './types.ts';
import { listWords, sliceWords, type Word } from './words.ts';

/** One part of a text, and the answer for it. */
export interface TextWindow {
  /** Where it begins, in code points of the text. */
  readonly start: number;
  /** Where it ends, in code points; not included. */
  readonly end: number;
  /** Its likeliest class. */
  readonly label: string;
  /** The probability of that class. */
  readonly score: number;
}

/** The answer for a whole text. */
export interface WindowedClassification extends Classification {
  /** In the order of the text; one if the model reads all of it at once. */
  readonly windows: readonly TextWindow[];
}

/** More take longer than a caller waits. */
export const maxWindows = 64;

/** The least that neighbouring windows share, as a share of the tokens of one. */
const overlapShare = 1 / 8;

/**
 * Classifies all of a text. One that a single run reads is classified as it is. A longer one is split between words into
 * windows of the model's length, at even distances, and its probabilities are softmax of the mean of the windows' logits.
 * `tokens` and `unknown` count the whole text, `stages` all runs; `dropped` is 0 unless one word is longer than the model
 * reads.
 *
 * @param most - windows that the answer may have.
 * @throws WindowsTooManyError if more are needed, before the model runs.
 * @throws what the classifier throws.
 */
export async function classifyWindows(
  classifier: Classifier,
  text: string,
  most = maxWindows,
): Promise<WindowedClassification> {
  const words = listWords(text);
  const room = classifier.maxTokens - specialTokens;
  if (words.length > most * room) throw new WindowsTooManyError(most);
  const counts = await classifier.countTokens(words.map((word) => word.text));
  const spans = planWindows(
    counts.map(({ tokens }) => tokens),
    room,
  );
  if (spans.length > most) throw new WindowsTooManyError(most);
  if (spans.length <= 1) {
    const whole = await classifier.classify(text);
    return { ...whole, windows: [describeWindow(words, classifier.labels, whole)] };
  }
  const parts = spans.map(([first, last]) => words.slice(first, last));
  const answers = await classifyEach(
    classifier,
    parts.map((part) => sliceWords(text, part)),
  );
  return {
    probabilities: combine(answers.map(({ probabilities }) => probabilities)),
    windows: answers.map((answer, index) => describeWindow(parts[index] ?? [], classifier.labels, answer)),
    tokens: specialTokens + sum(counts.map(({ tokens }) => tokens)),
    unknown: sum(counts.map(({ unknown }) => unknown)),
    // What another window drops at its end, the next one reads.
    dropped: answers.at(-1)?.dropped ?? 0,
    stages: {
      tokenizeMs: sum(answers.map(({ stages }) => stages.tokenizeMs)),
      runMs: sum(answers.map(({ stages }) => stages.runMs)),
    },
  };
}

/** First word of a window, and the word after its last. */
type Span = readonly [first: number, last: number];

/** Plans windows from the tokens of each word. */
function planWindows(tokens: readonly number[], room: number): Span[] {
  const before = [0];
  for (const count of tokens) before.push((before.at(-1) ?? 0) + count);
  const total = before.at(-1) ?? 0;
  if (total <= room) return [[0, tokens.length]];
  const overlap = Math.ceil(room * overlapShare);
  const distance = (total - room) / (Math.ceil((total - overlap) / (room - overlap)) - 1);
  const spans: Span[] = [];
  for (let end = 0; end < tokens.length; ) {
    const from = distance * spans.length;
    // Never behind the end of the window before, nor past the last window that is full.
    const first = Math.min(
      end,
      before.findIndex((count) => count >= Math.min(from, total - room) - 1e-6),
    );
    let last = first + 1;
    while (last < tokens.length && (before[last + 1] ?? 0) - (before[first] ?? 0) <= room) last++;
    // A word longer than a window is cut by the classifier.
    end = Math.max(last, end + 1);
    spans.push([first, end]);
  }
  return spans;
}

/** The geometric means of the windows' probabilities, made to sum to 1: softmax of the mean of their logits. */
function combine(windows: readonly (readonly number[])[]): number[] {
  const [first = []] = windows;
  const means = first.map(
    (_, label) => sum(windows.map((window) => Math.log(window[label] || Number.MIN_VALUE))) / windows.length,
  );
  return softmax(means, 1);
}

function describeWindow(
  words: readonly Word[],
  labels: readonly string[],
  { probabilities }: Classification,
): TextWindow {
  const label = findLikeliest(labels, probabilities);
  return { start: words[0]?.start ?? 0, end: words.at(-1)?.end ?? 0, label, score: Math.max(...probabilities) };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
