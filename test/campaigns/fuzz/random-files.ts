// Random files of texts: delimited and JSON lines, in several encodings, right and damaged.
import { gzipSync } from 'node:zlib';
import { type Random, randomText } from './random-texts.ts';

/** A file. */
export interface RandomFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Names of columns for a text, and others. */
const textNames: readonly [string, ...string[]] = ['review', 'text', 'Sentence', 'TWEET', 'content', ' text '];
const otherNames: readonly [string, ...string[]] = [
  'id',
  'x',
  '',
  'a,b',
  '"q"',
  'é',
  '__proto__',
  'constructor',
  'text',
  '\x1c',
  '\ufeffy',
];

/** Usually one column for a text, at any place. */
function randomHeader({ below, pick }: Random): string[] {
  const others = Array.from({ length: below(4) }, () => pick(otherNames));
  const place = below(others.length + 1);
  return below(20) === 0 ? others : [...others.slice(0, place), pick(textNames), ...others.slice(place)];
}

/** Values of cells, most of them short. */
function randomCell(random: Random): string {
  const { below, pick } = random;
  if (below(4) === 0) return randomText(random).slice(0, 60);
  return pick([
    'good',
    'bad book',
    '',
    ' ',
    '1',
    'a,b',
    'a;b',
    'a\tb',
    'say "no"',
    '"',
    '""',
    'two\nlines',
    'a\r\nb',
    'a\rb',
    '\u2028',
    '\x85',
    'null',
    '{}',
    '\ufeff',
    "it's",
    '\\',
  ]);
}

interface Style {
  readonly delimiter: string;
  readonly quotes: 'needed' | 'all' | 'none';
  readonly end: string;
}

function writeField(text: string, { delimiter, quotes }: Style): string {
  const needs = quotes === 'all' || (quotes === 'needed' && (text.includes(delimiter) || /["\r\n]/.test(text)));
  return needs ? `"${text.replaceAll('"', '""')}"` : text;
}

function writeDelimited(rows: readonly (readonly string[])[], style: Style): string {
  return rows.map((cells) => cells.map((cell) => writeField(cell, style)).join(style.delimiter) + style.end).join('');
}

const writeLines = (
  [header = [], ...rows]: readonly (readonly string[])[],
  { end }: Style,
  { below }: Random,
): string =>
  rows
    .map(
      (cells) =>
        JSON.stringify(
          Object.fromEntries(cells.map((cell, place) => [header[place] ?? 'more', below(9) === 0 ? place : cell])),
        ) + end,
    )
    .join('');

/** Puts something in at a random place, or takes something out. */
function damage(text: string, { below, pick }: Random): string {
  const at = below(text.length + 1);
  const other = pick(['', '"', '""', ',', '\n', '\r', '\n\n', '\0', '\t', ';', '{', '}', '\\', 'x']);
  return text.slice(0, at) + other + text.slice(at + below(3));
}

const encodings: readonly ((text: string) => Buffer)[] = [
  (text) => Buffer.from(text),
  (text) => Buffer.from(text),
  (text) => Buffer.from(text),
  (text) => Buffer.from(`\ufeff${text}`),
  (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
  (text) => Buffer.from(text, 'latin1'),
];

/** Makes a file. */
export function randomFile(random: Random): RandomFile {
  const { below, pick } = random;
  const isLines = below(4) === 0;
  const style: Style = {
    delimiter: pick([',', ',', ';', '\t']),
    quotes: pick(['needed', 'needed', 'all', 'none']),
    end: pick(['\n', '\n', '\r\n', '\r']),
  };
  const header = randomHeader(random);
  const width = () => (below(20) === 0 ? below(5) : header.length);
  const rows = Array.from({ length: below(10) }, () => Array.from({ length: width() }, () => randomCell(random)));
  let text = isLines ? writeLines([header, ...rows], style, random) : writeDelimited([header, ...rows], style);
  for (let times = below(3) === 0 ? 1 + below(3) : 0; times > 0; times -= 1) text = damage(text, random);
  const encode = encodings[below(encodings.length)] ?? Buffer.from;
  const bytes = encode(below(4) === 0 ? text.replace(/[\r\n]+$/, '') : text);
  const isPacked = below(8) === 0;
  const name = `${isLines ? 'file.jsonl' : 'file.csv'}${isPacked ? '.gz' : ''}`;
  return { name, bytes: isPacked ? gzipSync(bytes, { level: 1 }) : bytes };
}
