// Ways to classify a text that is longer than the model reads.
import { classifyWindows } from '../../layers/inference/index.ts';
import { mean } from '../statistics.ts';
import type { Subject } from './subject.ts';

/** What a way answers for one text: log-odds of positive against negative, and how many runs it took. */
interface Answer {
  readonly odds: number;
  readonly runs: number;
}

/** A text by its words, and the tokens of each. */
interface Text {
  readonly words: readonly string[];
  readonly tokens: readonly number[];
}

/** Combines the windows' probabilities into log-odds of positive against negative. */
type Combine = (windows: readonly (readonly number[])[]) => number;

type Way = (text: Text) => Promise<Answer>;

const room = 510;
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const toProbability = (odds: number) => 1 / (1 + Math.exp(-odds));

/** The words from one on that fit. */
function fill({ words, tokens }: Text, first: number, most: number): string[] {
  let rest = most;
  const end = tokens.findIndex((count, index) => {
    if (index >= first) rest -= count;
    return rest < 0;
  });
  return words.slice(first, end < 0 ? words.length : end);
}

const reverse = ({ words, tokens }: Text): Text => ({ words: words.toReversed(), tokens: tokens.toReversed() });
const join = (words: readonly string[]) => words.join(' ');
const takeHead = (text: Text, most: number) => join(fill(text, 0, most));
const takeTail = (text: Text, most: number) => join(fill(reverse(text), 0, most).reverse());

/** Windows that begin after so many tokens each; the last one ends the text, and may be short. */
function splitByStride(text: Text, stride: number): string[] {
  const parts: string[] = [];
  let [first, from, read] = [0, 0, 0];
  while (read < text.words.length) {
    const part = fill(text, first, room);
    parts.push(join(part));
    read = first + part.length;
    const next = from + stride;
    while (from < next && first < read) from += text.tokens[first++] ?? 0;
  }
  return parts;
}

/** Windows at even distances, which share at least so many tokens. */
function splitEvenly(text: Text, size: number, overlap: number): string[] {
  const total = sum(text.tokens);
  if (total <= size) return [join(text.words)];
  const count = Math.ceil((total - overlap) / (size - overlap));
  const starts = text.tokens.map((_, word) => sum(text.tokens.slice(0, word)));
  return Array.from({ length: count }, (_, window) => {
    const from = ((total - size) * window) / (count - 1);
    const first = starts.findIndex((start) => start >= from - 1e-6);
    return join(fill(text, first, size));
  });
}

/** Compares the ways on all reviews that are longer than the model reads. */
export async function measureLongTexts({ classifier, limit, readTexts }: Subject): Promise<string[][]> {
  const [positive = 1, negative = 0] = ['positive', 'negative'].map((label) => classifier.labels.indexOf(label));
  const toOdds: Combine = (windows) => {
    const [first = []] = windows;
    return Math.log(first[positive] ?? 0) - Math.log(first[negative] ?? 0);
  };
  const known = new Map<string, Promise<readonly number[]>>();
  const ask = (text: string) => {
    const answer = known.get(text) ?? classifier.classify(text).then(({ probabilities }) => probabilities);
    known.set(text, answer);
    return answer;
  };
  const ofOne = (take: (text: Text) => string): Way => {
    return async (text) => ({ odds: toOdds([await ask(take(text))]), runs: 1 });
  };
  const ofWindows = (split: (text: Text) => string[], combine: Combine): Way => {
    return async (text) => {
      const answers = await Promise.all(split(text).map(ask));
      return { odds: combine(answers), runs: answers.length };
    };
  };
  /** Combines the windows' log-odds of positive against negative. */
  const byOdds = (combine: (odds: readonly number[]) => number): Combine => {
    return (windows) => combine(windows.map((window) => toOdds([window])));
  };
  const meanOfLogits = byOdds(mean);
  const meanOfProbabilities: Combine = (windows) =>
    toOdds([classifier.labels.map((_, label) => mean(windows.map((window) => window[label] ?? 0)))]);
  const surest = byOdds((odds) => odds.toSorted((one, other) => Math.abs(other) - Math.abs(one))[0] ?? 0);
  const even = (overlap: number) => (text: Text) => splitEvenly(text, room, overlap);
  const ways: Record<string, Way> = {
    'beginning (`cut`)': ofOne((text) => takeHead(text, room)),
    end: ofOne((text) => takeTail(text, room)),
    'beginning 128, end 382': ofOne((text) => `${takeHead(text, 128)} ${takeTail(text, 382)}`),
    'beginning 255, end 255': ofOne((text) => `${takeHead(text, 255)} ${takeTail(text, 255)}`),
    '**windows at even distances, sharing ≥ 64, mean of logits (served)**': async ({ words }) => {
      const { probabilities, windows } = await classifyWindows(classifier, join(words));
      return { odds: toOdds([probabilities]), runs: windows.length };
    },
    'the same, mean of probabilities': ofWindows(even(64), meanOfProbabilities),
    'the same, the surest window': ofWindows(even(64), surest),
    'sharing ≥ 128, mean of logits': ofWindows(even(128), meanOfLogits),
    'sharing ≥ 255, mean of logits': ofWindows(even(255), meanOfLogits),
    'from the beginning, sharing 128, the last one short': ofWindows((text) => splitByStride(text, 382), meanOfLogits),
    'windows of 254, sharing ≥ 127, mean of logits': ofWindows((text) => splitEvenly(text, 254, 127), meanOfLogits),
  };
  const texts = await listLongTexts({ classifier, limit, readTexts });
  const right = texts.map(({ sentiment }) => sentiment === 'positive');
  const rows: string[][] = [];
  let cut: boolean[] = [];
  for (const [name, way] of Object.entries(ways)) {
    const answers: Answer[] = [];
    for (const text of texts) answers.push(await way(text));
    const odds = answers.map((answer) => answer.odds);
    const hits = odds.map((value, index) => value >= 0 === right[index]);
    if (cut.length === 0) cut = hits;
    const gained = hits.filter((hit, index) => hit && !cut[index]).length;
    const lost = hits.filter((hit, index) => !hit && cut[index]).length;
    const figures = [mean(hits.map(Number)), measureCalibration(odds, hits), measureLoss(odds, right, 1)];
    const scale = findBestScale(odds, right);
    const runs = mean(answers.map((answer) => answer.runs));
    rows.push([
      name,
      ...figures.map((figure) => figure.toFixed(3)),
      `+${gained} −${lost}`,
      scale.toFixed(2),
      runs.toFixed(2),
    ]);
  }
  const header = [
    `way, ${texts.length} reviews`,
    'accuracy',
    'ECE',
    'log loss',
    'against `cut`',
    'best scale of log-odds',
    'runs',
  ];
  return [header, ['---', ...header.slice(1).map(() => '---:')], ...rows];
}

async function listLongTexts({ classifier, limit, readTexts }: Pick<Subject, 'classifier' | 'limit' | 'readTexts'>) {
  const texts: (Text & { readonly sentiment: string })[] = [];
  for (const { text, sentiment } of readTexts('imdb_valid')) {
    const words = text.match(/\S+/g) ?? [];
    const tokens = (await classifier.countTokens(words)).map((count) => count.tokens);
    if (sum(tokens) > room && texts.length < limit) texts.push({ words, tokens, sentiment });
  }
  return texts;
}

/** Expected calibration error in fifteen bins. */
function measureCalibration(odds: readonly number[], hits: readonly boolean[]): number {
  const bins = Array.from({ length: 15 }, () => 0);
  for (const [index, value] of odds.entries()) {
    const confidence = toProbability(Math.abs(value));
    const bin = Math.min(14, Math.floor(confidence * 15));
    bins[bin] = (bins[bin] ?? 0) + confidence - Number(hits[index]);
  }
  return sum(bins.map(Math.abs)) / odds.length;
}

const measureLoss = (odds: readonly number[], right: readonly boolean[], scale: number) =>
  mean(odds.map((value, index) => Math.log1p(Math.exp((right[index] ? -1 : 1) * value * scale))));

/** The factor of the log-odds with the least loss: 1 if the model's temperature holds. */
function findBestScale(odds: readonly number[], right: readonly boolean[]): number {
  const scales = Array.from({ length: 60 }, (_, index) => 0.4 + index * 0.025);
  return scales.toSorted((one, other) => measureLoss(odds, right, one) - measureLoss(odds, right, other))[0] ?? 1;
}
