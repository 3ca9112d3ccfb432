// Which columns of a file hold the text and the label.

/** Usual names, in any case. The page and training have the same: test/layers/reader/column-names.test.ts. */
export const textNames = ['review', 'text', 'sentence', 'tweet', 'content'];
export const labelNames = ['sentiment', 'label', 'polarity'];

/** The columns of a file. */
export interface Columns {
  readonly names: readonly string[];
  /** Place of the text. */
  readonly text: number;
  /** Place of the label; undefined if there is none. */
  readonly label: number | undefined;
}

/** Names of columns, separated by commas: a file has one of them. Empty: one of the usual names. */
export interface WantedColumns {
  readonly textColumn: string;
  /** undefined: none, whatever columns there are. */
  readonly labelColumn: string | undefined;
}

/** What one of the columns is for. */
interface Use {
  readonly use: 'text' | 'label';
  readonly wanted: string;
  readonly usual: readonly string[];
}

/** Whether there are columns with the probabilities of classes, as `npm run score` writes them. */
export function hasProbabilities(names: readonly string[]): boolean {
  const lower = names.map((name) => name.toLowerCase());
  return lower.includes('negative') && lower.includes('positive');
}

/** Finds the columns. Returns also what is wrong with them: one sentence for each, without the name of the file. */
export function findColumns(
  names: readonly string[],
  { textColumn, labelColumn }: WantedColumns,
): { readonly columns: Columns; readonly problems: string[] } {
  const text: Use = { use: 'text', wanted: textColumn, usual: textNames };
  const label: Use = { use: 'label', wanted: labelColumn ?? '', usual: labelNames };
  const texts = find(names, text);
  let labels = labelColumn === undefined ? [] : find(names, label);
  // With the probabilities beside it, `label` is the model's answer.
  const taught = hasProbabilities(names);
  if (taught && (labels.length > 1 || label.wanted === '')) labels = labels.filter((place) => names[place] !== 'label');
  const problems = explainTwins(names);
  if (texts.length !== 1 && problems.length === 0) problems.push(explain(names, texts, text));
  if (labels.length > 1 || (label.wanted !== '' && labels.length === 0 && !taught))
    problems.push(explain(names, labels, label));
  return { columns: { names, text: texts[0] ?? 0, label: labels[0] }, problems };
}

/** Says what to do about a file that needs a label and has no column for it, without the name of the file. */
export const explainMissingLabel = (names: readonly string[]): string =>
  explain(names, [], { use: 'label', wanted: '', usual: labelNames });

function explainTwins(names: readonly string[]): string[] {
  const twins = new Set(names.filter((name, place) => name !== '' && names.indexOf(name) < place));
  return [...twins].map((name) => `the column ${name} is there twice; rename one.`);
}

function find(names: readonly string[], { wanted, usual }: Use): number[] {
  if (wanted !== '' && names.includes(wanted)) return [names.indexOf(wanted)];
  const sought = wanted === '' ? usual : wanted.toLowerCase().split(',');
  return names.flatMap((name, place) => (sought.includes(name.toLowerCase()) ? [place] : []));
}

function explain(names: readonly string[], found: readonly number[], { use, wanted, usual }: Use): string {
  if (found.length > 0) {
    const several = found.map((place) => names[place]).join(' and ');
    return `the columns ${several} may each hold the ${use}; name one with --${use}-column.`;
  }
  const named = wanted || `${usual.slice(0, -1).join(', ')} or ${usual.at(-1)}`;
  const listed = names.join(', ') || 'none';
  return `no column ${named}; the columns found are: ${listed}; name the one with the ${use} with --${use}-column.`;
}
