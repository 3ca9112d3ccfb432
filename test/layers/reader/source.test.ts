// Sources of bytes other than a file of this machine, and files that cannot be opened.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FileError, openFile, openTable, type Source } from '../../../layers/reader/index.ts';
import { parseReaderFlags } from '../../../local/reader-flags.ts';

const reading = parseReaderFlags({});

async function readAll(source: Source): Promise<(string | undefined)[]> {
  const { columns, rows } = await openTable(source, reading, false);
  const texts: (string | undefined)[] = [];
  for await (const { cells } of rows) texts.push(cells[columns.text]);
  return texts;
}

it('reads whatever can be read again from the start, in chunks of any size', async () => {
  const bytes = gzipSync('text,label\n"a, b",1\nc\u0085d,0\n');
  async function* read() {
    for (const byte of bytes) yield Uint8Array.of(byte);
  }
  expect(await readAll({ name: 'reviews.csv.gz', read })).toEqual(['a, b', 'c\u0085d']);
});

it.each(['reviews.csv', 'reviews.csv.gz'])('passes on the failure of the source of %s', async (name) => {
  const text = Buffer.from(`text\n${'a row of text\n'.repeat(100)}`);
  const bytes = name.endsWith('.gz') ? gzipSync(text) : text;
  async function* read() {
    yield bytes.subarray(0, 60);
    throw new FileError('the object changed while it was read');
  }
  await expect(readAll({ name, read })).rejects.toThrow('the object changed while it was read');
});

it('says in one sentence why a file cannot be opened', async () => {
  const missing = join(tmpdir(), 'no-such-folder', 'reviews.csv');
  await expect(openFile(missing)).rejects.toThrow(new FileError(`${missing} does not exist.`));
  await expect(openFile(tmpdir())).rejects.toThrow(new FileError(`${tmpdir()} is a folder: name a file in it.`));
});
