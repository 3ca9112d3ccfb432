// A planted difference between the readers of files is found and shrunk.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareFiles, type Reading, readAsScored } from './files.ts';
import { startPython } from './python-process.ts';

/** Compares a reader whose readings are changed. */
async function compare(change: (reading: Reading) => Reading, count = 300) {
  const reference = startPython(process.cwd(), 'reader_reference.py');
  const folder = mkdtempSync(join(tmpdir(), 'files-'));
  const context = { count, seed: 4, folder, dist: '', signal: new AbortController().signal, advance: () => undefined };
  try {
    return await compareFiles(async (path) => change(await readAsScored(path)), reference, context, 2);
  } finally {
    reference.close();
  }
}

it('finds no difference in the readers', async () => {
  const { outcomes, findings } = await compare((reading) => reading);
  expect(findings).toEqual([]);
  expect(outcomes.read).toBeGreaterThan(100);
  expect(outcomes.refused).toBeGreaterThan(20);
});

it('finds a row that is lost, and shrinks the file', async () => {
  const isGood = (cells: readonly string[]) => !cells.includes('bad book');
  const { findings } = await compare((reading) =>
    'refusal' in reading ? reading : { ...reading, rows: reading.rows.filter(([, cells]) => isGood(cells)) },
  );
  expect(findings.length).toBeGreaterThan(0);
  const shortest = Math.min(...findings.map((finding) => finding.length));
  expect(shortest).toBeLessThan(200);
});

it('finds another sentence of a refusal', async () => {
  const { findings } = await compare((reading) => ('refusal' in reading ? { refusal: 'No.' } : reading));
  expect(findings[0]).toContain('is read as "No.", and in training as "FILE: ');
});
