import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkGolden, findDisagreements, type Golden, readGolden } from '../../../functions/promote/golden.ts';
import { loadClassifier, loadTokenizer } from '../../../layers/inference/index.ts';
import { samplePath, sampleSource } from '../../layers/inference/sample-model.ts';

const source = sampleSource();
const path = samplePath('golden.json');

describe('the sample model in the serving runtime', () => {
  it('has at least 500 golden texts, some of them longer than the model reads', async () => {
    const { cases } = await readGolden(path);
    expect(cases.length).toBeGreaterThanOrEqual(500);
    expect(cases.some(({ dropped }) => dropped > 0)).toBe(true);
  });

  it("reproduces Python's ids and dropped tokens exactly", async () => {
    const tokenize = await loadTokenizer(source.tokenizerPath, source.maxTokens);
    for (const { text, ids, dropped } of (await readGolden(path)).cases)
      expect({ text, ...tokenize(text) }).toMatchObject({ text, ids, dropped });
  });

  it('passes the golden check on this processor, and fails it with another temperature', async () => {
    const golden = await readGolden(path);
    const tokenize = await loadTokenizer(source.tokenizerPath, source.maxTokens);
    const check = async (temperature: number) => {
      const classifier = await loadClassifier({ ...source, temperature }, { threads: 2 });
      const result = await checkGolden({ tokenize, classifier }, golden);
      await classifier.release();
      return result;
    };
    expect(await check(source.temperature)).toMatchObject({ passed: true, cases: golden.cases.length });
    expect(await check(source.temperature * 1.01)).toMatchObject({ passed: false });
  }, 300_000);
});

/** Twenty equal texts, of which the first ones are answered otherwise; numbers are the probability of the second label. */
interface SharedCase {
  readonly name: string;
  readonly served: number;
  readonly reference: number;
  /** Recorded percentiles, or null for a golden file of schema 1. */
  readonly spread: readonly number[] | null;
  /** How many texts are answered otherwise, and by how much. */
  readonly moved: number;
  readonly by: number;
  /** How many rules of the golden check that breaks. */
  readonly broken: number;
}

/** The file that test/training/test_agreement.py reads too. */
const shared: readonly SharedCase[] = JSON.parse(
  readFileSync(new URL('../../fixtures/golden-check.json', import.meta.url), 'utf8'),
);

async function readBack(content: object): Promise<Golden> {
  const file = join(await mkdtemp(join(tmpdir(), 'golden-')), 'golden.json');
  await writeFile(file, JSON.stringify(content));
  return readGolden(file);
}

const pairOf = (positive: number) => [1 - positive, positive];

it.each(shared)('applies the same rules as Python: $name', async ({ served, reference, spread, moved, by, broken }) => {
  const each = { text: '', ids: [101, 102], dropped: 0, served: pairOf(served), reference: pairOf(reference) };
  const cases = Array.from({ length: 20 }, () => each);
  const [median, percentile90, percentile99, largest] = spread ?? [];
  const recorded = { schema: 2, spread: { median, percentile90, percentile99, largest } };
  const golden = await readBack({ ...(spread ? recorded : { schema: 1 }), cases });
  const answers = cases.map((_, index) => pairOf(served + (index < moved ? by : 0)));
  expect(findDisagreements(golden, answers)).toHaveLength(broken);
});

it('refuses a golden file of another schema, and one of schema 2 without a spread', async () => {
  const { cases } = await readGolden(path);
  await expect(readBack({ schema: 3, cases })).rejects.toThrow('schema');
  await expect(readBack({ schema: 2, cases })).rejects.toThrow('spread');
});
