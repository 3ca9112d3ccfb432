// Ways to weigh the words of a text, by comprehensiveness and sufficiency (DeYoung et al., 2020).
import { type Classifier, explain } from '../../layers/inference/index.ts';
import { mean, median } from '../statistics.ts';
import { readLatencies } from './latencies.ts';
import type { Subject } from './subject.ts';

/** One text, split into words as explanations split it. */
interface Text {
  readonly words: readonly { readonly start: number; readonly end: number }[];
  /** The probability of the answered label of the text with only some words; the others deleted, or replaced. */
  ask(keep: (word: number) => boolean, replacement?: string): Promise<number>;
  /** The weights of the service. */
  explain(): Promise<number[]>;
  /** The time of the runs since the last call, in runs over the whole text. A text that is asked again since then runs once. */
  takeTime(): number;
}

/** Returns a weight for each word. */
type Way = (text: Text) => Promise<number[]>;

/** Shares of the words that are taken away, or kept alone. */
const shares = [0.01, 0.05, 0.1, 0.2, 0.5];

const toLogOdds = (probability: number) => {
  const inside = Math.min(1 - 1e-7, Math.max(1e-7, probability));
  return Math.log(inside / (1 - inside));
};

async function mapInOrder<T, U>(items: readonly T[], ask: (item: T, index: number) => Promise<U>): Promise<U[]> {
  const results: U[] = [];
  for (const [index, item] of items.entries()) results.push(await ask(item, index));
  return results;
}

const all = () => true;

/** Leaves each word out of the whole text. */
const leaveOut = (replacement?: string): Way => {
  return async ({ words, ask }) => {
    const whole = toLogOdds(await ask(all));
    return mapInOrder(words, async (_, left) => whole - toLogOdds(await ask((word) => word !== left, replacement)));
  };
};

/** Leaves groups of words out, then each word of the groups that matter most; the others share their group's weight. */
const leaveGroupsOut = (size: number, best: number): Way => {
  return async ({ words, ask }) => {
    const whole = toLogOdds(await ask(all));
    const groups = Array.from({ length: Math.ceil(words.length / size) }, (_, group) => group);
    const groupOf = (word: number) => Math.floor(word / size);
    const losses = await mapInOrder(
      groups,
      async (left) => whole - toLogOdds(await ask((word) => groupOf(word) !== left)),
    );
    const chosen = groups.toSorted((one, other) => Math.abs(losses[other] ?? 0) - Math.abs(losses[one] ?? 0));
    return mapInOrder(words, async (_, left) => {
      if (!chosen.slice(0, best).includes(groupOf(left))) return (losses[groupOf(left)] ?? 0) / size;
      return whole - toLogOdds(await ask((word) => word !== left));
    });
  };
};

/** Leaves each word out of its group of neighbours alone. */
const leaveOutOfGroup = (size: number): Way => {
  return async ({ words, ask }) =>
    mapInOrder(words, async (_, left) => {
      const isNear = (word: number) => Math.floor(word / size) === Math.floor(left / size);
      return toLogOdds(await ask(isNear)) - toLogOdds(await ask((word) => isNear(word) && word !== left));
    });
};

const sayAlone: Way = async ({ words, ask }) =>
  mapInOrder(words, async (_, only) => toLogOdds(await ask((word) => word === only)));

/** Adds the weights of two ways. */
const add = (one: Way, other: Way, share: number): Way => {
  return async (text) => {
    const others = await other(text);
    return (await one(text)).map((weight, word) => weight + share * (others[word] ?? 0));
  };
};

/** Weights by chance, the same in every run. */
const guess: Way = async ({ words }) => words.map((_, word) => (Math.sin(word * 12.9898) * 43_758.5453) % 1);

const ways: Readonly<Record<string, Way>> = {
  'by chance': guess,
  'leaving each word out (exact)': leaveOut(),
  'the same with `[MASK]`': leaveOut('[MASK]'),
  'groups of 6, words of the best 2': leaveGroupsOut(6, 2),
  'out of a group of 6': leaveOutOfGroup(6),
  'each word alone': sayAlone,
  '**out of a group of 6, and the half that counts most alone, half of it (served)**': (text) => text.explain(),
  'out of a group of 6, and all words alone, half of it': add(leaveOutOfGroup(6), sayAlone, 1 / 2),
};

/** Compares the ways on tweets of about 34 words and on reviews cut to what the model reads. */
export async function measureExplanations(subject: Subject): Promise<string[][]> {
  const isTweet = (text: string) => (text.match(/\S+/g)?.length ?? 0) >= 25 && (text.match(/\S+/g)?.length ?? 0) <= 32;
  const tweets = subject.readTexts('semeval2013_2016_train').filter(({ text }) => isTweet(text));
  const reviews = subject.readTexts('imdb_valid').filter(({ text }) => (text.match(/\S+/g)?.length ?? 0) > 400);
  const every = <T>(list: readonly T[], count: number) =>
    list.filter((_, index) => index % Math.ceil(list.length / count) === 0);
  const latencyOf = readLatencies(subject.root);
  const kinds = [every(tweets, subject.limit), every(reviews, Math.ceil(subject.limit / 10))];
  const [ofTweets = [], ofReviews = []] = [
    await compare(subject.classifier, kinds[0] ?? [], latencyOf),
    await compare(subject.classifier, kinds[1] ?? [], latencyOf),
  ];
  const columns = (kind: string) => [`${kind}: comprehensiveness ↑`, 'sufficiency ↓', 'runs’ time'];
  const header = [
    'way',
    ...kinds.flatMap((texts, index) => columns(`${texts.length} ${index === 0 ? 'tweets' : 'reviews'}`)),
  ];
  return [
    header,
    ['---', ...header.slice(1).map(() => '---:')],
    ...Object.keys(ways).map((name, way) => [name, ...(ofTweets[way] ?? []), ...(ofReviews[way] ?? [])]),
  ];
}

/** Comprehensiveness, sufficiency and time of each way. */
async function compare(
  classifier: Classifier,
  texts: readonly { readonly text: string }[],
  latencyOf: (tokens: number) => number,
): Promise<string[][]> {
  const found = Object.keys(ways).map((): number[][] => []);
  for (const { text } of texts) {
    const subject = await readText(classifier, text, latencyOf);
    const whole = await subject.ask(all);
    for (const [index, way] of Object.values(ways).entries()) {
      subject.takeTime();
      const weights = await way(subject);
      const time = subject.takeTime();
      const order = weights.map((_, word) => word).sort((one, other) => (weights[other] ?? 0) - (weights[one] ?? 0));
      const drops = await mapInOrder(shares, async (share) => {
        const top = new Set(order.slice(0, Math.ceil(share * order.length)));
        return [
          whole - (await subject.ask((word) => !top.has(word))),
          whole - (await subject.ask((word) => top.has(word))),
        ];
      });
      const [comprehensiveness, sufficiency] = [0, 1].map((side) => mean(drops.map((drop) => drop[side] ?? 0)));
      found[index]?.push([comprehensiveness ?? 0, sufficiency ?? 0, time]);
    }
  }
  return found.map((rows) => {
    const column = (index: number) => rows.map((row) => row[index] ?? 0);
    return [mean(column(0)).toFixed(3), mean(column(1)).toFixed(3), median(column(2)).toFixed(0)];
  });
}

async function readText(classifier: Classifier, text: string, latencyOf: (tokens: number) => number): Promise<Text> {
  const { probabilities, tokens } = await classifier.classify(text);
  const score = Math.max(...probabilities);
  const position = probabilities.lastIndexOf(score);
  const answer = { label: classifier.labels[position] ?? '', score, windows: false };
  let milliseconds = 0;
  const known = new Map<string, Awaited<ReturnType<Classifier['classify']>>>();
  const metered: Classifier = {
    ...classifier,
    classify: async (part) => {
      const result = known.get(part) ?? (await classifier.classify(part));
      if (!known.has(part)) milliseconds += latencyOf(result.tokens);
      known.set(part, result);
      return result;
    },
  };
  const { words } = await explain(classifier, text, answer);
  const points = [...text];
  const spell = ({ start, end }: Text['words'][number]) => points.slice(start, end).join('');
  return {
    words,
    ask: async (keep, replacement = '') => {
      let written = '';
      for (const [index, word] of words.entries()) {
        const separate = word.start === words[index - 1]?.end && keep(index) && keep(index - 1) ? '' : ' ';
        written += separate + (keep(index) ? spell(word) : replacement);
      }
      return (await metered.classify(written)).probabilities[position] ?? Number.NaN;
    },
    explain: async () => (await explain(metered, text, answer)).words.map(({ weight }) => weight),
    takeTime: () => {
      const time = milliseconds / latencyOf(tokens);
      milliseconds = 0;
      known.clear();
      return time;
    },
  };
}
