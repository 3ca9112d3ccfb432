import { ownName, type Row, type Table } from '../results.ts';
import { formatNumber } from './numbers.ts';

const escapeText = (text: string) =>
  text.replace(/[&<>"]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character] ?? '');

// Colours that can be read on white and on black; the text follows the reader's scheme.
const style = `text { font: 13px system-ui, sans-serif; fill: #57606a } .title { font-weight: 600; fill: #24292f }
.bar { fill: #8c959f } .own { fill: #2f81f7 }
@media (prefers-color-scheme: dark) { text { fill: #9198a1 } .title { fill: #adbac7 } .bar { fill: #6e7681 } }`;

const width = 860;
const labelWidth = 380;
const barHeight = 18;
const step = 26;
const valueWidth = 90;

interface Scale {
  /** Length in pixels of a bar. */
  toLength(value: number): number;
  readonly logarithmic: boolean;
}

/** Bars that differ by more than twentyfold are drawn by their logarithms: otherwise the short ones cannot be told apart. */
function createScale(values: readonly number[]): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = width - labelWidth - valueWidth;
  const logarithmic = low > 0 && high / low > 20;
  if (!logarithmic) return { logarithmic, toLength: (value) => (high > 0 ? (room * value) / high : 0) };
  const base = low / 2;
  return { logarithmic, toLength: (value) => (room * Math.log(value / base)) / Math.log(high / base) };
}

function drawBar({ name, p50 }: Row, y: number, toLength: Scale['toLength']): string {
  const length = Math.max(1, toLength(p50));
  const kind = name.startsWith(ownName) ? 'own' : 'bar';
  return [
    `<text x="${labelWidth - 8}" y="${y + 14}" text-anchor="end">${escapeText(name)}</text>`,
    `<rect class="${kind}" x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2"/>`,
    `<text x="${(labelWidth + length + 6).toFixed(1)}" y="${y + 14}">${formatNumber(p50)}</text>`,
  ].join('');
}

interface Group {
  readonly head: string;
  readonly rows: readonly Row[];
  readonly scale: Scale;
}

/** Rows by what they were measured at, or by unit where a table has several. Bars of one unit have one scale. */
function groupRows(rows: readonly Row[]): Group[] {
  const units = [...new Set(rows.map(({ unit }) => unit))];
  const scales = new Map(
    units.map((unit) => [unit, createScale(rows.filter((row) => row.unit === unit).map(({ p50 }) => p50))]),
  );
  const headOf = ({ at, unit }: Row) => at ?? (units.length > 1 ? unit : '');
  const heads = [...new Set(rows.map(headOf))];
  return heads.flatMap((head) => {
    const group = rows.filter((row) => headOf(row) === head);
    const scale = scales.get(group[0]?.unit ?? '');
    return scale ? [{ head, rows: group, scale }] : [];
  });
}

function drawGroup({ head, rows, scale }: Group, top: number): string[] {
  const below = head === '' ? top : top + step;
  const title = head === '' ? [] : [`<text class="title" x="8" y="${top + 16}">${escapeText(head)}</text>`];
  return [...title, ...rows.map((row, index) => drawBar(row, below + index * step, scale.toLength))];
}

const measureGroup = ({ head, rows }: Group) => step * (rows.length + (head === '' ? 0 : 1));

/** Draws a table's medians as bars, one group for each column, as an SVG document for light and dark pages. */
export function drawChart({ title, rows }: Pick<Table, 'title' | 'rows'>): string {
  const groups = groupRows(rows);
  const units = [...new Set(rows.map((row) => row.unit))];
  let top = 30;
  const drawn = groups.flatMap((group) => {
    const lines = drawGroup(group, top);
    top += measureGroup(group);
    return lines;
  });
  const logarithmic = groups.some(({ scale }) => scale.logarithmic) ? ', logarithmic' : '';
  const caption = `${title} (${units.join(', ')}${logarithmic})`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top + 6}" role="img" aria-label="${escapeText(caption)}">`,
    `<style>${style}</style>`,
    `<text class="title" x="8" y="18">${escapeText(caption)}</text>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}
