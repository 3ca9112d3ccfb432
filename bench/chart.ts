import { formatNumber, ownName, type Row, type Table } from './results.ts';

// The colours can be read on white and on black. The text follows the reader's scheme.
const style = `text { font: 13px system-ui, sans-serif; fill: #57606a } .title { font-weight: 600; fill: #24292f }
.bar { fill: #8c959f } .own { fill: #2f81f7 }
@media (prefers-color-scheme: dark) { text { fill: #9198a1 } .title { fill: #adbac7 } .bar { fill: #6e7681 } }`;

const [width, labelWidth, valueWidth, step, barHeight] = [860, 380, 90, 26, 18];

const escapeText = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Bars that differ by more than twentyfold have a logarithmic scale: otherwise the short ones look alike. */
function createScale(values: readonly number[]) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = width - labelWidth - valueWidth;
  const logarithmic = low > 0 && high / low > 20;
  const toShare = (value: number) =>
    logarithmic ? Math.log((2 * value) / low) / Math.log((2 * high) / low) : value / (high || 1);
  return { logarithmic, toLength: (value: number) => Math.max(1, room * toShare(value)) };
}

function drawBar({ name, p50 }: Row, y: number, length: number): string {
  const kind = name.startsWith(ownName) ? 'own' : 'bar';
  return [
    `<text x="${labelWidth - 8}" y="${y + 14}" text-anchor="end">${escapeText(name)}</text>`,
    `<rect class="${kind}" x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2"/>`,
    `<text x="${(labelWidth + length + 6).toFixed(1)}" y="${y + 14}">${formatNumber(p50)}</text>`,
  ].join('');
}

const drawTitle = (text: string, y: number) => `<text class="title" x="8" y="${y}">${escapeText(text)}</text>`;

/**
 * Draws a table's medians as bars, as an SVG document for light and dark pages. There is one group of bars for each column, or
 * for each unit where a table has several. Bars of one unit have one scale.
 */
export function drawChart({ title, rows }: Pick<Table, 'title' | 'rows'>): string {
  const units = [...new Set(rows.map(({ unit }) => unit))];
  const scales = new Map(
    units.map((unit) => [unit, createScale(rows.flatMap((row) => (row.unit === unit ? row.p50 : [])))]),
  );
  const headOf = ({ at, unit }: Row) => at ?? (units.length > 1 ? unit : '');
  const drawn: string[] = [];
  let y = 30;
  for (const head of new Set(rows.map(headOf))) {
    if (head !== '') drawn.push(drawTitle(head, y + 16));
    if (head !== '') y += step;
    for (const row of rows.filter((one) => headOf(one) === head)) {
      drawn.push(drawBar(row, y, scales.get(row.unit)?.toLength(row.p50) ?? 0));
      y += step;
    }
  }
  const logarithmic = [...scales.values()].some((scale) => scale.logarithmic) ? ', logarithmic' : '';
  const caption = `${title} (${units.join(', ')}${logarithmic})`;
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 6}" role="img"`;
  const lines = [`${head} aria-label="${escapeText(caption)}">`, `<style>${style}</style>`, drawTitle(caption, 18)];
  return [...lines, ...drawn, '</svg>', ''].join('\n');
}
