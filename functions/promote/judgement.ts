import {
  type Classifier,
  InferenceError,
  inspectModel,
  loadClassifier,
  loadTokenizer,
  type Tokenize,
} from '../../layers/inference/index.ts';
import {
  checkComplete,
  type Manifest,
  type ModelStore,
  ModelStoreError,
  type PulledModel,
  pullFile,
  pullModel,
  readManifest,
} from '../../layers/model-store/index.ts';
import { type Check, checkAccuracy, checkLatency, checkSize, measureLatency, servedBytes } from './checks.ts';
import type { JudgingConfiguration } from './configuration.ts';
import { checkGolden, type Golden, readGolden } from './golden.ts';
import { guardMemory } from './memory-guard.ts';
import { createVerdict, type Verdict } from './verdict.ts';

interface Dependencies {
  readonly store: ModelStore;
  readonly configuration: JudgingConfiguration;
}

/**
 * Tests a published version as serving would run it and compares it with the current version.
 *
 * @param champion - manifest of the current version; undefined if there is none.
 * @throws ModelStoreError if its manifest is missing, damaged or of another schema, or if the store is out of reach and
 *   the version cannot be judged. Error if the champion cannot be loaded.
 */
export async function judgeVersion(
  dependencies: Dependencies,
  version: string,
  champion: Manifest | undefined,
): Promise<Verdict> {
  const manifest = await readManifest(dependencies.store, version);
  const bytes = servedBytes(manifest) + (champion ? servedBytes(champion) : 0);
  const name = `${dependencies.store.location}/versions/${version}`;
  const checks = await guardMemory({ name, bytes }, () => runChecks(dependencies, manifest, champion));
  return createVerdict({ version, champion: champion?.version, checks }, new Date());
}

async function runChecks(
  dependencies: Dependencies,
  manifest: Manifest,
  champion: Manifest | undefined,
): Promise<Check[]> {
  const { limits, threads } = dependencies.configuration;
  const fetched = await fetchCandidate(dependencies, manifest);
  const recorded = [checkAccuracy(manifest, champion, limits), checkSize(manifest, champion, limits)];
  if ('passed' in fetched) return [fetched, ...recorded];
  const texts = fetched.golden.cases.map(({ text }) => text);
  const measured = await runCandidate(fetched, threads, async (candidate) => [
    await compareLatency(dependencies, candidate, { champion, texts }),
  ]);
  return [describeFiles(fetched), ...recorded, ...measured];
}

interface Fetched {
  readonly pulled: PulledModel;
  readonly golden: Golden;
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

const failed = (name: Check['name'], error: unknown): Check => ({ name, passed: false, detail: reasonOf(error) });

/** Wrong files stay wrong, so they decide the verdict. A store that is out of reach is a temporary failure. */
const decidesVerdict = (error: unknown) => error instanceof ModelStoreError && (error.damaged || error.missing);

async function fetchCandidate({ store, configuration }: Dependencies, manifest: Manifest): Promise<Fetched | Check> {
  const { modelDirectory: directory } = configuration;
  try {
    await checkComplete(store, manifest);
    const pulled = await pullModel(store, { version: manifest.version, directory });
    const path = await pullFile(store, manifest, { role: 'golden', directory });
    const golden = await readGolden(path).catch((error: unknown) => {
      throw new ModelStoreError(`golden.json cannot be used: ${reasonOf(error)}`, { damaged: true });
    });
    return { pulled, golden };
  } catch (error) {
    if (decidesVerdict(error)) return failed('files', error);
    throw error;
  }
}

const describeFiles = ({ pulled }: Fetched): Check => {
  const bytes = servedBytes(pulled.manifest);
  return { name: 'files', passed: true, detail: `${bytes} bytes of model and tokenizer have their hashes`, bytes };
};

/** A version in the serving runtime. */
interface OpenedModel {
  readonly tokenize: Tokenize;
  readonly classifier: Classifier;
}

/** Opens a version that nobody has judged: whoever may publish could have written any file. */
async function openUntrusted(pulled: PulledModel, threads: number): Promise<OpenedModel> {
  await inspectModel(pulled);
  return openModel(pulled, threads);
}

/** Opens a version as serving does. Throws InferenceError. */
async function openModel(pulled: PulledModel, threads: number): Promise<OpenedModel> {
  const { labels, maxTokens, temperature } = pulled.manifest;
  const { modelPath, tokenizerPath } = pulled;
  const classifier = await loadClassifier({ modelPath, tokenizerPath, labels, maxTokens, temperature }, { threads });
  return { classifier, tokenize: await loadTokenizer(tokenizerPath, maxTokens) };
}

/** Runs the golden texts, then further checks. A model that does not load or does not run fails the golden check. */
async function runCandidate(
  { pulled, golden }: Fetched,
  threads: number,
  runMore: (candidate: OpenedModel) => Promise<Check[]>,
): Promise<Check[]> {
  const candidate = await openUntrusted(pulled, threads).catch((error: unknown) => failed('golden', error));
  if ('passed' in candidate) return [candidate];
  try {
    const check = await checkGolden(candidate, golden);
    // The latency of a model that answers wrongly does not matter.
    return check.passed ? [check, ...(await runMore(candidate))] : [check];
  } catch (error) {
    if (error instanceof InferenceError) return [failed('golden', error)];
    throw error;
  } finally {
    await candidate.classifier.release();
  }
}

interface Comparison {
  readonly champion: Manifest | undefined;
  readonly texts: readonly string[];
}

/** Measures the candidate beside the champion. If the champion does not load, this throws: it is not the candidate's fault. */
async function compareLatency(
  { store, configuration }: Dependencies,
  candidate: OpenedModel,
  { champion, texts }: Comparison,
): Promise<Check> {
  if (!champion) return { name: 'latency', passed: true, detail: 'there is no current version' };
  const { modelDirectory: directory, threads, limits } = configuration;
  const opened = await pullModel(store, { version: champion.version, directory })
    .then((pulled) => openModel(pulled, threads))
    .catch((cause: unknown) => {
      throw new Error(`The current version ${champion.version} cannot be compared with: ${reasonOf(cause)}`, { cause });
    });
  try {
    return checkLatency(await measureLatency(candidate.classifier, opened.classifier, texts), limits);
  } finally {
    await opened.classifier.release();
  }
}
