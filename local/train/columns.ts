import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { UsageError } from '../command-line.ts';

/** Reads no further than the first row. */
async function readHeader(file: string): Promise<readonly string[]> {
  let header: readonly string[] = [];
  const keepFirst = async (rows: AsyncIterable<string[]>) => {
    for await (const row of rows) {
      header = row;
      return;
    }
  };
  const source = createReadStream(file);
  const parser = parse({ bom: true, relax_column_count: true });
  const done = file.endsWith('.gz')
    ? pipeline(source, createGunzip(), parser, keepFirst)
    : pipeline(source, parser, keepFirst);
  // Leaving the rest unread is no failure.
  await done.catch((error: unknown) => {
    if (header.length === 0) throw error;
  });
  return header;
}

/** Refuses a CSV file that training would refuse, before an hour on a GPU finds out. Throws `UsageError`. */
export async function checkColumns(file: string): Promise<void> {
  const header = await readHeader(file).catch((error: Error) => {
    throw new UsageError(`${file} cannot be read as CSV: ${error.message}`);
  });
  const absent = ['review', 'sentiment'].filter((column) => !header.includes(column));
  if (absent.length === 0) return;
  const found = header.length === 0 ? 'it is empty' : `its columns are ${header.join(', ')}`;
  throw new UsageError(`${file} has no column ${absent.join(' and no column ')}: ${found}.`);
}
