import type { Quality } from './quality.ts';

const percent = (share: number) => `${(share * 100).toFixed(2)} %`;

/** The confusion matrix, its columns as wide as its widest number. */
function drawConfusion([negative, positive]: Quality['confusion']): string[] {
  const width = Math.max(8, ...[...negative, ...positive].map((count) => String(count).length));
  const line = (name: string, cells: readonly (string | number)[]) =>
    `  ${name.padEnd(16)}${cells.map((cell) => String(cell).padStart(width + 2)).join('')}`;
  return [
    line('', ['negative', 'positive']).concat('  <- the model says'),
    line('is negative', negative),
    line('is positive', positive),
  ];
}

/** What is left out of the figures, by label. */
function describeOthers(others: ReadonlyMap<string, number>): string[] {
  const named = [...others].map(([label, count]) => `${JSON.stringify(label)} (${count} rows)`);
  if (named.length === 0) return [];
  return [`Not in the figures, because their sentiment is neither positive nor negative: ${named.join(', ')}.`];
}

/** The figures of a labelled file as text. */
export function describeQuality(quality: Quality | undefined, others: ReadonlyMap<string, number>): string {
  if (!quality) return ['No row has a sentiment to compare with.', ...describeOthers(others)].join('\n');
  const { rows, accuracy, f1, ece, confusion } = quality;
  const figures = `Accuracy ${percent(accuracy)}, F1 ${percent(f1)}, ECE ${ece.toFixed(4)} on ${rows} labelled rows.`;
  return [figures, ...drawConfusion(confusion), ...describeOthers(others)].join('\n');
}
