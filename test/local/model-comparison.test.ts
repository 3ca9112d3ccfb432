import { pathToFileURL } from 'node:url';
import { type Manifest, openModelStore } from '../../layers/model-store/index.ts';
import { compareModels } from '../../local/model-comparison.ts';
import { threeClasses } from '../functions/predict/tiny-store.ts';
import { type Candidate, makeRoot, publishCandidate, versions } from '../functions/promote/tiny-candidates.ts';

const [first, second] = versions;

/** Returns the lines of the comparison of two versions, with one space between cells. */
async function compare(one: Partial<Candidate>, other: Partial<Candidate>): Promise<string[]> {
  const root = await makeRoot();
  await publishCandidate(root, { ...one, version: first });
  await publishCandidate(root, { ...other, version: second });
  const text = await compareModels(openModelStore(pathToFileURL(root).href), first, second);
  return text.split('\n').map((line) => line.trimStart().replace(/ {2,}/g, ' '));
}

const quality = { accuracy: 0.8, f1: 0.8, auc: 0.9, ece: 0.02 };
const set = { name: 'tweets.csv', use: 'validation', rows: 50, ...quality };
const withSet: Candidate['manifest'] = (whole: Manifest) => ({
  ...whole,
  metrics: { ...whole.metrics, sets: [set] },
  provenance: { ...whole.provenance, settings: { EPOCHS: 3, SEED: 1 } },
});
const three = { labels: threeClasses, accuracy: 0.75 };

it('shows the figures of two classes and of three side by side, and marks those that a version lacks', async () => {
  const lines = await compare({ manifest: withSet }, three);
  expect(lines.slice(0, 14)).toEqual([
    `${first} ${second} difference`,
    'all rows',
    'rows 100 100 0',
    'accuracy 0.9000 0.7500 −0.1500',
    'macroF1 – 0.7500 –',
    'recall of positive – 0.8000 –',
    'recall of neutral – 0.8000 –',
    'recall of negative – 0.8000 –',
    'f1 of positive 0.9100 0.9100 0',
    'auc of positive 0.9500 0.9500 0',
    'ece 0.0100 0.0100 0',
    'polar accuracy 0.9000 0.9000 0',
    'polar f1 0.9100 0.9100 0',
    'polar ece 0.0100 0.0100 0',
  ]);
  expect(lines).toEqual(expect.arrayContaining(['tweets.csv (validation)', 'rows 50 – –', 'near negation – 0.0310 –']));
});

it('shows the labels and the settings that differ, and not those that are equal', async () => {
  const others: Candidate['manifest'] = (whole) => ({
    ...whole,
    provenance: { ...whole.provenance, settings: { EPOCHS: 4, SEED: 1 } },
  });
  const lines = await compare({ manifest: withSet }, { ...three, manifest: others });
  expect(lines).toEqual(
    expect.arrayContaining([
      'what else differs',
      'labels negative, positive positive, neutral, negative',
      'provenance.settings.EPOCHS 3 4',
    ]),
  );
  expect(lines.join('\n')).not.toMatch(/SEED|maxTokens/);
});

it('shows the difference of each behaviour with its sign', async () => {
  const better: Candidate['manifest'] = (whole) => ({
    ...whole,
    metrics: { ...whole.metrics, behaviours: [{ name: 'near negation', cases: 200, failed: 0.01 }] },
  });
  expect(await compare(three, { ...three, manifest: better })).toEqual(
    expect.arrayContaining(['share failed of each behaviour', 'near negation 0.0310 0.0100 −0.0210']),
  );
});
