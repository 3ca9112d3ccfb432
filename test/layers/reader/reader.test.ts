// The cases that the reader of training is tested on too, in test/training/test_reader.py.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { inspectFile, normalize, openFile, openTable } from '../../../layers/reader/index.ts';
import { parseReaderFlags } from '../../../local/reader-flags.ts';

/** One case of test/fixtures/reader-cases.json. */
interface Case {
  readonly name: string;
  readonly file: string;
  /** How the content becomes bytes; UTF-8 if it is absent. */
  readonly write?: string;
  /** Texts, or texts with how often they are repeated. */
  readonly content: readonly (string | readonly [string, number])[];
  readonly options?: Readonly<Record<string, string | boolean>>;
  readonly needs_label?: boolean;
  /** Line, text and class of the first rows; of all rows if there is no count. */
  readonly rows?: readonly (readonly [number, string, string | null])[];
  readonly count?: number;
  readonly problems?: readonly string[];
  readonly left_out?: readonly string[];
}

const cases: readonly Case[] = JSON.parse(readFileSync('test/fixtures/reader-cases.json', 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'reader-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const encoders: Readonly<Record<string, (text: string) => Buffer>> = {
  'utf-8': (text) => Buffer.from(text),
  'utf-8-bom': (text) => Buffer.from(`\ufeff${text}`),
  'utf-16le': (text) => Buffer.from(text, 'utf16le'),
  'utf-16le-bom': (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  'utf-16be-bom': (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
  'latin-1': (text) => Buffer.from(text, 'latin1'),
};

/** Writes the file of a case and returns its path. */
function write({ file, content, write: form = 'utf-8' }: Case): string {
  const text = content.map((part) => (typeof part === 'string' ? part : part[0].repeat(part[1]))).join('');
  const bytes = (encoders[form] ?? encoders['utf-8'])?.(text) ?? Buffer.alloc(0);
  const packed = file.endsWith('.gz') && form !== 'raw' ? gzipSync(bytes) : bytes;
  const path = join(folder, file);
  writeFileSync(path, form === 'cut' ? packed.subarray(0, -12) : packed);
  return path;
}

/** Reads a file as `npm run score` does: once for its labels, once for its rows. */
async function read(path: string, { options = {}, needs_label: needsLabel = true }: Case) {
  const flags = Object.entries(options).map(([name, value]) => [
    name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  const reading = parseReaderFlags(Object.fromEntries(flags));
  const file = await openFile(path);
  const { mapping, rows: count, notes } = await inspectFile(file, reading, needsLabel);
  const { columns, rows } = await openTable(file, reading, needsLabel);
  const found: [number, string | undefined, string | null | undefined][] = [];
  for await (const { line, cells, fault } of rows) {
    const label = columns.label === undefined ? null : mapping[normalize(cells[columns.label] ?? '')];
    if (!fault && label !== undefined) found.push([line, cells[columns.text], label]);
  }
  return { count, found, leftOut: notes.slice(1) };
}

it.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
  const path = write(one);
  const told = (sentences: readonly string[] = []) => sentences.map((text) => text.replace('{path}', path));
  if (one.problems) {
    const refusal = await read(path, one).catch((error: Error) => error.message);
    expect(refusal).toEqual(told(one.problems).join('\n'));
    return;
  }
  const { found, leftOut } = await read(path, one);
  expect(found.slice(0, one.rows?.length)).toEqual(one.rows);
  expect(found).toHaveLength(one.count ?? one.rows?.length ?? 0);
  expect(leftOut).toEqual(told(one.left_out));
});
