// The part `files`: rows of random files, as `npm run score` reads them and as training does.
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FileError, openFile, openTable } from '../../../layers/reader/index.ts';
import { parseReaderFlags } from '../../../local/reader-flags.ts';
import type { Context, Outcome, Part } from '../campaign.ts';
import { type PythonProcess, startPython } from './python-process.ts';
import { type RandomFile, randomFile } from './random-files.ts';
import { createRandom, shrinkText } from './random-texts.ts';

/** What a reader says of a file. */
export type Reading = Refused | Rows;

interface Refused {
  readonly refusal: string;
}

interface Rows {
  /** Rows with the faulty ones. */
  readonly count: number;
  readonly rows: readonly (readonly [line: number, cells: readonly string[]])[];
  /** Line of the first row whose quotes are wrong. Behind it the two readers go on at different rows. */
  readonly wrongQuote?: number | undefined;
}

/** Reads a file of this machine. */
export type Read = (path: string) => Promise<Reading>;

/** Files that are read at the same time. */
const batchFiles = 32;

/** Reads a file as `npm run score` does. */
export async function readAsScored(path: string): Promise<Reading> {
  try {
    const { rows } = await openTable(await openFile(path), parseReaderFlags({}), false);
    const good: (readonly [number, readonly string[]])[] = [];
    let [count, wrongQuote]: [number, number | undefined] = [0, undefined];
    for await (const { number, line, cells, fault } of rows) {
      count = number;
      if (fault === undefined) good.push([line, cells]);
      else if (fault.startsWith('a quote')) wrongQuote ??= line;
    }
    return { count, rows: good, wrongQuote };
  } catch (error) {
    if (error instanceof FileError) return { refusal: error.message };
    throw error;
  }
}

/** What is certain of a reading, as JSON. */
function describe(reading: Reading, path: string, wrongQuote: number | undefined): string {
  if ('refusal' in reading) return JSON.stringify(reading.refusal).replaceAll(path, 'FILE');
  if (wrongQuote === undefined) return JSON.stringify([reading.count, reading.rows]);
  return JSON.stringify(reading.rows.filter(([line]) => line < wrongQuote));
}

/**
 * Compares readings of random files until as many are tried as are asked for.
 *
 * @param mostFindings - findings after which it ends.
 */
export async function compareFiles(
  read: Read,
  reference: PythonProcess,
  context: Context,
  mostFindings = 20,
): Promise<Outcome> {
  const { count, seed, folder, signal, advance } = context;
  const random = createRandom(seed);
  const outcomes = { read: 0, refused: 0 };
  const findings: string[] = [];
  let tried = 0;
  const compare = async ({ name, bytes }: RandomFile, place: number) => {
    const path = join(folder, `${place}-${name}`);
    await writeFile(path, bytes);
    const [ours, theirs] = await Promise.all([read(path), reference.ask(path) as Promise<Reading>]);
    const isRefused = 'refusal' in ours;
    const wrongQuote = isRefused ? undefined : ours.wrongQuote;
    return { isRefused, one: describe(ours, path, wrongQuote), other: describe(theirs, path, wrongQuote) };
  };
  const tryFile = async (file: RandomFile, place: number) => {
    const { isRefused, one, other } = await compare(file, place);
    outcomes[isRefused ? 'refused' : 'read'] += 1;
    if (one !== other && findings.length < mostFindings) findings.push(await explain(file, place));
  };
  /** The shortest bytes that are read in two ways. Packed ones cannot be cut. */
  const explain = async ({ name, bytes }: RandomFile, place: number) => {
    const written = (text: string) => compare({ name, bytes: Buffer.from(text, 'latin1') }, place);
    const differs = async (text: string) => {
      const { one, other } = await written(text);
      return one !== other;
    };
    const text = bytes.toString('latin1');
    const shrunk = name.endsWith('.gz') ? text : await shrinkText(text, differs);
    const { one, other } = await written(shrunk);
    return `The file ${name} with the bytes ${JSON.stringify(shrunk)} is read as ${one}, and in training as ${other}.`;
  };
  while (tried < count && !signal.aborted && findings.length < mostFindings) {
    const batch = Array.from({ length: Math.min(batchFiles, count - tried) }, () => randomFile(random));
    await Promise.all(batch.map(tryFile));
    tried += batch.length;
    advance(batch.length);
  }
  return { count: tried, outcomes, findings };
}

export const files: Part = {
  name: 'files',
  unit: 'files',
  short: 5000,
  parallel: true,
  run: async (context) => {
    const reference = startPython(dirname(context.dist), 'reader_reference.py');
    try {
      return await compareFiles(readAsScored, reference, context);
    } finally {
      reference.close();
    }
  },
};
