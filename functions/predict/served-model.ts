import { type Classifier, loadClassifier, loadRuntime, type ModelSource } from '../../layers/inference/index.ts';
import { type Manifest, type PulledModel, type PullStages, pullModel } from '../../layers/model-store/index.ts';
import { describeFailure, type Log } from '../../layers/telemetry/index.ts';
import type { Configuration } from './configuration.ts';

/** A published version, ready to answer. */
export interface ServedModel {
  readonly manifest: Manifest;
  readonly classifier: Classifier;
  /** The tag of the pointer that named it; undefined for a pinned version. */
  readonly pointerEtag?: string | undefined;
  /** Where the time of bringing its files went. */
  readonly pullStages?: PullStages;
}

/** Makes a classifier of a model's files. */
export type OpenClassifier = (source: ModelSource, options: { readonly threads: number }) => Promise<Classifier>;

interface Dependencies {
  readonly log: Log;
  /** By default in this process. */
  readonly openClassifier?: OpenClassifier;
  /** Gives the fetch up. */
  readonly signal?: AbortSignal;
}

/** The two labels that the answer has places for. */
const neededLabels = ['negative', 'positive'];

function toSource({ manifest, modelPath, tokenizerPath }: PulledModel): ModelSource {
  const { labels, maxTokens, temperature, version } = manifest;
  if (labels.length !== 2 || !neededLabels.every((label) => labels.includes(label))) {
    throw new Error(`Model ${version} has the labels ${labels.join(', ')}; this service needs negative and positive.`);
  }
  return { modelPath, tokenizerPath, labels, maxTokens, temperature };
}

/** The default way: in this process, with ONNX Runtime's native code loaded while the model's bytes are on their way. */
function openHere(): OpenClassifier {
  const runtime = loadRuntime();
  // A failure shows where the runtime is used; here it must only not count as unhandled.
  runtime.catch(() => undefined);
  return loadClassifier;
}

/**
 * Fetches the current or pinned version, verified, and makes a classifier of it. Logs one line: `model loaded` with the
 * milliseconds of each stage, or `model not loaded` with the reason.
 *
 * @throws the store's or the classifier's error, already logged.
 */
export async function loadServedModel(configuration: Configuration, dependencies: Dependencies): Promise<ServedModel> {
  const { store, modelVersion: version, modelDirectory: directory, threads } = configuration;
  const { log, signal } = dependencies;
  const started = performance.now();
  try {
    const pulling = pullModel(store, { version, directory, signal });
    const openClassifier = dependencies.openClassifier ?? openHere();
    const pulled = await pulling;
    const opening = performance.now();
    const classifier = await openClassifier(toSource(pulled), { threads });
    const ended = performance.now();
    log.info('model loaded', {
      modelVersion: pulled.manifest.version,
      store: store.location,
      threads,
      receivedBytes: pulled.receivedBytes,
      stages: round({
        ...pulled.stages,
        sessionMs: ended - opening,
        ...classifier.loadStages,
        totalMs: ended - started,
      }),
    });
    return { manifest: pulled.manifest, classifier, pointerEtag: pulled.pointerEtag, pullStages: pulled.stages };
  } catch (error) {
    log.error('model not loaded', { store: store.location, modelVersion: version, error: describeFailure(error) });
    throw error;
  }
}

/** Whole microseconds would pretend to more than a clock in a shared machine knows. */
function round(stages: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(stages).map(([stage, ms]) => [stage, Math.round(ms * 10) / 10]));
}
