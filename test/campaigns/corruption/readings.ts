// What is read of a store, and by which code: the whole answer of each, to be compared with that of the sound store.
import { readFile } from 'node:fs/promises';
import { judgeVersion } from '../../../functions/promote/judgement.ts';
import { readVerdict } from '../../../functions/promote/verdict.ts';
import { type ModelStore, pullModel } from '../../../layers/model-store/index.ts';
import { createWatch, loadModel } from '../../../layers/prediction/index.ts';
import { createLog } from '../../../layers/telemetry/index.ts';
import { current } from './sample-store.ts';

/** A store, and the folder that a model is fetched to. */
export interface Place {
  readonly store: ModelStore;
  readonly directory: string;
}

/** Reads a store as a part of the product does, and returns all that depends on its bytes. */
export type Reading = (place: Place) => Promise<unknown>;

const texts = ['good', 'bad book', 'this is the best book ever', ''];

const log = createLog({ level: 'error', write: () => undefined });

const settingsOf = ({ store, directory }: Place, modelVersion?: string): Parameters<typeof loadModel>[0] => ({
  store,
  modelVersion,
  modelDirectory: directory,
  device: 'cpu',
  threads: 1,
  refreshMs: 1000,
  logLevel: 'error',
});

type Loaded = Awaited<ReturnType<typeof loadModel>>;

/** Loads a version as serving does, and reads of it what the function says. */
async function withModel<T>(
  place: Place,
  version: string | undefined,
  read: (model: Loaded) => Promise<T>,
): Promise<T> {
  const model = await loadModel(settingsOf(place, version), { log });
  try {
    return await read(model);
  } finally {
    await model.classifier.release();
  }
}

async function answerTexts({ manifest: { version }, classifier }: Loaded) {
  const answers = [];
  for (const text of texts) answers.push((await classifier.classify(text)).probabilities);
  return { version, labels: classifier.labels, answers };
}

/** Loads the current version and answers some texts. */
export const readServed: Reading = (place) => withModel(place, undefined, answerTexts);

/** The same of a version that is requested by name. */
const readByName: Reading = (place) => withModel(place, current, answerTexts);

/** Also looks for a new version, as a service that answers already does. */
const readServedAndLook: Reading = (place) =>
  withModel(place, undefined, async (model) => ({
    served: await answerTexts(model),
    wanted: await createWatch(settingsOf(place), { log })?.look(model),
  }));

const fetchFp16: Reading = async ({ store, directory }) => {
  const { modelPath } = await pullModel(store, { directory, graphs: ['fp16'] });
  return readFile(modelPath, 'hex');
};

/** Judges the current version as promotion does. */
export const readJudgement: Reading = async ({ store, directory }) => {
  const limits = { accuracyTolerance: 0.002, latencyRatio: 1.25, sizeRatio: 1.25 };
  const { checks } = await judgeVersion(
    { store, configuration: { limits, modelDirectory: directory, threads: 1 } },
    current,
    undefined,
  );
  const failed = checks.find(({ name, passed }) => (name === 'files' || name === 'golden') && !passed);
  if (failed) throw new RefusedByVerdict(failed.detail);
  return checks;
};

/** Promotion refuses a damaged file by a check of its verdict. */
export class RefusedByVerdict extends Error {
  override readonly name = 'RefusedByVerdict';
}

/** A file of the store, and the code that reads it. */
export interface Target {
  readonly key: string;
  readonly readings: readonly Reading[];
}

const inVersion = (path: string) => `versions/${current}/${path}`;

/** Every kind of file that a store has. The last three are read by nobody here, so that any damage leaves the answer. */
export const targets: Readonly<Record<string, Target>> = {
  pointer: { key: 'current.json', readings: [readServedAndLook] },
  manifest: { key: inVersion('manifest.json'), readings: [readByName] },
  verdict: { key: inVersion('verdict.json'), readings: [({ store }) => readVerdict(store, current)] },
  model: { key: inVersion('model.onnx'), readings: [readServed, readByName, readJudgement] },
  tokenizer: { key: inVersion('tokenizer.json'), readings: [readServed, readByName, readJudgement] },
  fp16: { key: inVersion('model.fp16.onnx'), readings: [fetchFp16] },
  golden: { key: inVersion('golden.json'), readings: [readJudgement, readServed] },
  weights: { key: inVersion('model.safetensors'), readings: [readServed] },
  config: { key: inVersion('config.json'), readings: [readServed] },
  report: { key: inVersion('report.html'), readings: [readServed] },
};
