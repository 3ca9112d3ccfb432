// What the labels of a file mean: words, numbers of a scheme, or a mapping of the user's own.
import { trim } from './text-file.ts';

/** A class of the model. */
export type ClassName = 'negative' | 'neutral' | 'positive';

/** The class of each label, in the form of `normalize`. */
export type Mapping = Readonly<Record<string, ClassName>>;

/** Labels that mean the same in every file. */
const words: Mapping = {
  negative: 'negative',
  neg: 'negative',
  neutral: 'neutral',
  neu: 'neutral',
  positive: 'positive',
  pos: 'positive',
};

/** What numbers mean, by the name that `--labels` takes. */
const schemes: Readonly<Record<string, Mapping>> = {
  '0-1': { 0: 'negative', 1: 'positive' },
  '0-1-2': { 0: 'negative', 1: 'neutral', 2: 'positive' },
  '0-4': { 0: 'negative', 2: 'neutral', 4: 'positive' },
  stars: { 1: 'negative', 2: 'negative', 3: 'neutral', 4: 'positive', 5: 'positive' },
};

/** The names that `--labels` takes. */
export const schemeNames = Object.keys(schemes).join(', ');
const numbers = new Set(Object.values(schemes).flatMap((scheme) => Object.keys(scheme)));
const maxShown = 10;

/** What `--labels` says. */
export interface LabelOption {
  readonly given: string;
  /** Empty where the labels of a file decide. */
  readonly mapping: Mapping;
}

/** Returns a label in the form that mappings use: without surrounding space, in lower case, 4.0 as 4. */
export const normalize = (label: string): string =>
  trim(label)
    .toLowerCase()
    .replace(/^(-?\d+)\.0+$/, '$1');

const classOf = (label: string, mapping: Mapping): ClassName | undefined =>
  Object.hasOwn(mapping, label) ? mapping[label] : undefined;

/** Reads `--labels`: empty, the name of a scheme, or pairs such as `4=positive,0=negative`. Returns a sentence if it is none. */
export function parseLabels(given: string): LabelOption | string {
  if (given === '' || Object.hasOwn(schemes, given)) return { given, mapping: schemes[given] ?? {} };
  const mapping: Record<string, ClassName> = {};
  for (const pair of given.split(',')) {
    const sign = pair.lastIndexOf('=');
    const name = classOf(
      pair
        .slice(sign + 1)
        .trim()
        .toLowerCase(),
      words,
    );
    if (sign < 0 || name === undefined)
      return `--labels ${given}: ${JSON.stringify(pair)} is neither a scheme (${schemeNames}) nor a pair such as 4=positive, with negative, neutral or positive on the right.`;
    mapping[normalize(pair.slice(0, sign))] = name;
  }
  return { given, mapping };
}

/**
 * Finds the class of each label that has one, or says what is wrong, without the name of the file.
 *
 * @param counts - how many rows of the file have each label, in the form of `normalize`; no empty ones.
 */
export function mapLabels(counts: ReadonlyMap<string, number>, option: LabelOption): Mapping | string {
  const labels = [...counts.keys()];
  if (option.given !== '') {
    const known = { ...words, ...option.mapping };
    const left = labels.filter((label) => classOf(label, known) === undefined);
    if (left.length > 0) return `--labels ${option.given} leaves over ${show(left, counts)}; give each label a class.`;
    return select(labels, known);
  }
  const found = labels.filter((label) => numbers.has(label)).sort();
  const scheme = detectScheme(found);
  if (scheme) return select(labels, { ...words, ...scheme });
  return `the labels ${show(found, counts)} have no single meaning; say it with --labels, by a scheme (${schemeNames}) or pairs such as 1=negative,2=positive.`;
}

function select(labels: readonly string[], known: Mapping): Mapping {
  const pairs = labels.map((label) => [label, classOf(label, known)] as const);
  return Object.fromEntries(pairs.filter((pair): pair is [string, ClassName] => pair[1] !== undefined));
}

/** What the numbers of a file mean; undefined where schemes that have all of them differ, or where no scheme does. */
function detectScheme(found: readonly string[]): Mapping | undefined {
  const fitting = Object.values(schemes).filter((scheme) => found.every((number) => Object.hasOwn(scheme, number)));
  const exact = fitting.filter((scheme) => Object.keys(scheme).length === found.length);
  const candidates = exact.length > 0 ? exact : fitting;
  const readings = new Set(candidates.map((scheme) => found.map((number) => scheme[number]).join()));
  return readings.size === 1 ? candidates[0] : undefined;
}

function show(labels: readonly string[], counts: ReadonlyMap<string, number>): string {
  const named = [...labels].sort().slice(0, maxShown);
  const shown = named.map((label) => `${JSON.stringify(label)} (${counts.get(label)} rows)`);
  return [...shown, ...(labels.length > maxShown ? ['…'] : [])].join(', ');
}
