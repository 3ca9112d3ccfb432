import { InferenceError } from '../../layers/inference/index.ts';
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
import { loadTriedModel, type TriedModel } from './tried-model.ts';
import { createVerdict, type Verdict } from './verdict.ts';

interface Bench {
  readonly store: ModelStore;
  readonly configuration: JudgingConfiguration;
}

interface Fetched {
  readonly pulled: PulledModel;
  readonly golden: Golden;
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

const failed = (name: Check['name'], error: unknown): Check => ({ name, passed: false, detail: reasonOf(error) });

/** Files that are wrong stay wrong, which is a verdict; a store that is out of reach is a failure of the moment. */
const isVerdict = (error: unknown) => error instanceof ModelStoreError && (error.damaged || error.missing);

async function fetchCandidate({ store, configuration }: Bench, manifest: Manifest): Promise<Fetched | Check> {
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
    if (isVerdict(error)) return failed('files', error);
    throw error;
  }
}

const describeFiles = ({ pulled }: Fetched): Check => {
  const bytes = servedBytes(pulled.manifest);
  return { name: 'files', passed: true, detail: `${bytes} bytes of model and tokenizer have their hashes`, bytes };
};

/** Loads the candidate and uses it; a model that does not load or run has failed the golden texts. */
async function tryCandidate(
  { pulled, golden }: Fetched,
  threads: number,
  use: (candidate: TriedModel) => Promise<Check[]>,
): Promise<Check[]> {
  const candidate = await loadTriedModel(pulled, threads).catch((error: unknown) => failed('golden', error));
  if ('passed' in candidate) return [candidate];
  try {
    const check = await checkGolden(candidate, golden);
    // A model that answers wrongly may well answer fast: that is no use measuring.
    return check.passed ? [check, ...(await use(candidate))] : [check];
  } catch (error) {
    if (error instanceof InferenceError) return [failed('golden', error)];
    throw error;
  } finally {
    await candidate.classifier.release();
  }
}

/** Measures beside the champion, which must itself load: if it does not, that is no fault of the candidate's. */
async function compareLatency(bench: Bench, candidate: TriedModel, { champion, texts }: Comparison): Promise<Check> {
  if (!champion) return { name: 'latency', passed: true, detail: 'there is no current version' };
  const { modelDirectory: directory, threads, limits } = bench.configuration;
  const tried = await pullModel(bench.store, { version: champion.version, directory })
    .then((pulled) => loadTriedModel(pulled, threads))
    .catch((cause: unknown) => {
      throw new Error(`The current version ${champion.version} cannot be compared with: ${reasonOf(cause)}`, { cause });
    });
  try {
    return checkLatency(await measureLatency(candidate.classifier, tried.classifier, texts), limits);
  } finally {
    await tried.classifier.release();
  }
}

interface Comparison {
  readonly champion: Manifest | undefined;
  readonly texts: readonly string[];
}

async function runChecks(bench: Bench, manifest: Manifest, champion: Manifest | undefined): Promise<Check[]> {
  const { limits, threads } = bench.configuration;
  const fetched = await fetchCandidate(bench, manifest);
  const recorded = [checkAccuracy(manifest, champion, limits), checkSize(manifest, champion, limits)];
  if ('passed' in fetched) return [fetched, ...recorded];
  const texts = fetched.golden.cases.map(({ text }) => text);
  const tried = await tryCandidate(fetched, threads, async (candidate) => [
    await compareLatency(bench, candidate, { champion, texts }),
  ]);
  return [describeFiles(fetched), ...recorded, ...tried];
}

/**
 * Tries a published version as serving would and compares it with the current one.
 *
 * @param champion - manifest of the current version; undefined if there is none.
 * @throws ModelStoreError if its manifest is missing, damaged or of another schema, or if the store is out of reach: then
 *   nothing can be said about the version. Error if the champion cannot be loaded.
 */
export async function judgeVersion(bench: Bench, version: string, champion: Manifest | undefined): Promise<Verdict> {
  const manifest = await readManifest(bench.store, version);
  const checks = await runChecks(bench, manifest, champion);
  return createVerdict({ version, champion: champion?.version, checks }, new Date());
}
