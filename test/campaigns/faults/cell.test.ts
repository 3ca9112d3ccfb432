// A planted fault must be found: a campaign that cannot fail proves nothing.
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelStore } from '../../../layers/model-store/index.ts';
import { deployed, shorten } from './budget.ts';
import { type CellContext, tryCell } from './cell.ts';
import { type Cell, listCells } from './matrix.ts';
import { publishVersions } from './versions.ts';

const versions = await publishVersions();
const folder = await mkdtemp(join(tmpdir(), 'faults-'));

const tryWith = (cell: Partial<Cell>, change?: CellContext['change']) =>
  tryCell(
    { fault: '500', target: 'middle range', start: 'cold', span: 'once', ...cell },
    { versions, folder, budget: shorten(deployed, 10), change },
  );

/** Changes a file after it was verified. */
const spoilFiles =
  (role: string, spoil: (bytes: Buffer) => Buffer) =>
  (store: ModelStore): ModelStore => ({
    ...store,
    fetchFile: async (request) => {
      const file = await store.fetchFile(request);
      if (request.key.includes(role)) await writeFile(file.path, spoil(await readFile(file.path)));
      return file;
    },
  });

it('has a cell for each fault, read, start and span', () => {
  const names = listCells().map((cell) => JSON.stringify(cell));
  expect(new Set(names).size).toBe(names.length);
  expect(names).toHaveLength(22 * 6 * 2 * 2);
});

it.each(['cold', 'refresh'] as const)('passes with the real store: %s', async (start) => {
  expect(await tryWith({ start })).toMatchObject({ outcome: 'answered', findings: [] });
});

it('finds a store that serves half a file', async () => {
  const { findings } = await tryWith(
    {},
    spoilFiles('tokenizer', (bytes) => bytes.subarray(0, bytes.length / 2)),
  );
  expect(findings.join('\n')).toMatch(/the answer after recovery is 503/);
  expect(findings.join('\n')).toMatch(/tokenizer\.json is not as published/);
});

it('finds weights that are not as published', async () => {
  const swapFloats = (bytes: Buffer) => {
    const changed = Buffer.from(bytes);
    for (let at = 0; at < bytes.length - 4; at++) if (bytes.readFloatLE(at) === 9) changed.writeFloatLE(5, at);
    return changed;
  };
  const { findings, outcome } = await tryWith({}, spoilFiles('model', swapFloats));
  expect(outcome).toBe('wrong');
  expect(findings.join('\n')).toMatch(/the first answer is 200/);
});

it('finds a service that keeps the old version for ever', async () => {
  const blind = (store: ModelStore): ModelStore => ({ ...store, readTextIfChanged: async () => undefined });
  const { findings } = await tryWith({ start: 'refresh' }, blind);
  expect(findings.join('\n')).toMatch(/the answer after recovery is 200/);
});
