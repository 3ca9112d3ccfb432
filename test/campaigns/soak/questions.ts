// Texts whose answers are known for both versions of the tiny model.
import { createRandom } from '../../../bench/texts.ts';
import { firstVersion, secondVersion } from '../../functions/predict/tiny-store.ts';

/** A text, and the probability of positive by version. */
export interface Question {
  readonly text: string;
  readonly positive: ReadonlyMap<string, number>;
}

/** What an answer says. */
export interface Answered {
  /** The version that the header names. */
  readonly header: string | undefined;
  /** The version that the body names. */
  readonly model: string;
  readonly positive: number;
}

const words = ['a', 'good', 'bad', 'book', 'is', 'the', 'this', 'best', 'ever'];

/** What a word of a class adds, by version: test/functions/predict/tiny-store.ts. */
const strengths = new Map([
  [firstVersion, 9],
  [secondVersion, 6],
]);

/** Answers of both versions differ by more, and rounding in single precision changes less. */
const tolerance = 1e-4;

function createQuestion(random: () => number): Question {
  const chosen = Array.from(
    { length: 2 + Math.floor(random() * 26) },
    () => words[Math.floor(random() * words.length)],
  );
  const count = (names: readonly string[]) => chosen.filter((word = '') => names.includes(word)).length;
  const sum = count(['good', 'best']) - count(['bad']);
  const tokens = chosen.length + 2;
  const answers = [...strengths].map(
    ([version, strength]) => [version, 1 / (1 + Math.exp((-strength * sum) / tokens))] as const,
  );
  return { text: chosen.join(' '), positive: new Map(answers) };
}

const isTelling = ({ positive }: Question) => {
  const [one = 0, other = 0] = positive.values();
  return Math.abs(one - other) > 10 * tolerance;
};

/** Creates questions. Each has another answer by each version. */
export function createQuestions(count: number, seed: number): readonly Question[] {
  const random = createRandom(seed);
  const questions: Question[] = [];
  while (questions.length < count) {
    const question = createQuestion(random);
    if (isTelling(question)) questions.push(question);
  }
  return questions;
}

/** Says what is wrong with an answer; undefined if it is right. */
export function findFault({ text, positive }: Question, answered: Answered): string | undefined {
  const { header, model } = answered;
  if (header !== model) return `"${text}" was answered by ${model}, and the header names ${header}.`;
  const expected = positive.get(model);
  if (expected !== undefined && Math.abs(expected - answered.positive) <= tolerance) return undefined;
  return `"${text}" has ${answered.positive} by ${model}, and ${expected} is right.`;
}
